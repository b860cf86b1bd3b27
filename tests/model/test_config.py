"""What a HAT's configuration takes and refuses, and the presets."""

from dataclasses import replace

import pytest
from tiny import TINY

from hatsr.model import HATConfig, preset


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, "scale must be one of 1, 2, 3, 4, 8 for tail .*, got 5"),
        ({"num_heads": 7}, "num_heads must be divisors of embed_dim 180, got 7"),
        ({"num_heads": (6, 6)}, "num_heads must be one number, or 6"),
        ({"depths": ()}, "depths must be a non-empty tuple"),
        ({"overlap_ratio": 0.2}, "overlap_ratio must be 0 or more, with an even"),
        ({"compress_ratio": 0}, "compress_ratio must be from 1 to embed_dim 180, got 0"),
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
        ({"drop_path": 1.0}, r"drop_path must be in \[0, 1\)"),
    ],
)
def test_wrong_configurations_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HATConfig(**changes)


def test_unknown_preset() -> None:
    with pytest.raises(ValueError, match=r"preset must be one of hat, .* got 'hat-xl'"):
        preset("hat-xl")


def test_presets_differ_only_where_they_say() -> None:
    hat = preset("hat")
    assert preset("hat-l") == replace(hat, depths=(6,) * 12)
    assert preset("swinir") == replace(hat, window_size=8, cab=False, ocab=False)
    assert TINY.overlap_size == 6
