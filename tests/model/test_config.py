"""What a HAT's configuration takes and refuses, and the presets."""

from dataclasses import replace

import pytest
from tiny import TINY

from hatsr.model import HATConfig, changed, preset


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, r"scale must be one of \(1, 2, 3, 4, 8\).* got 5"),
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


def test_changed_fields_keep_the_others() -> None:
    config = changed(preset("hat"), {"conv_scale": 0.1, "depths": [2, 2], "img_range": 255})
    assert config == replace(preset("hat"), conv_scale=0.1, depths=(2, 2), img_range=255.0)
    assert changed(preset("hat"), {}) == preset("hat")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv_scal": 0.1}, "a hyper-parameter must be one of scale, .* got 'conv_scal'"),
        ({"conv_scale": "x"}, "conv_scale must be a finite number, got 'x'"),
        ({"conv_scale": float("nan")}, "conv_scale must be a finite number, got nan"),
        ({"conv_scale": True}, "conv_scale must be a finite number, got True"),
        ({"scale": 4.0}, r"scale must be of type int, got 4\.0"),
        ({"depths": 5}, "depths must be a list of whole numbers, got 5"),
        ({"depths": [2, 2.0]}, r"depths must be whole numbers, got \[2, 2\.0\]"),
        ({"qkv_bias": 1}, "qkv_bias must be of type bool, got 1"),
        ({"scale": 5}, r"scale must be one of \(1, 2, 3, 4, 8\).* got 5"),
        ({"tail": ["residual"]}, "tail must be of type str"),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(preset("hat"), changes)


def test_unknown_preset() -> None:
    with pytest.raises(ValueError, match=r"preset must be one of hat, .* got 'hat-xl'"):
        preset("hat-xl")


def test_presets_differ_only_where_they_say() -> None:
    hat = preset("hat")
    assert preset("hat-l") == replace(hat, depths=(6,) * 12)
    assert preset("swinir") == replace(hat, window_size=8, cab=False, ocab=False)
    assert TINY.overlap_size == 6
