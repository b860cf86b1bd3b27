import json

import pytest

from hatsr import checkpoint
from hatsr.checkpoint import NETWORK_NAMES, presets, read, shipped, shipped_weights


def test_the_names_of_networks_are_those_of_their_presets() -> None:
    assert tuple(presets()) == NETWORK_NAMES


@pytest.mark.parametrize("row", shipped_weights(), ids=lambda row: row.name)
def test_headers_say_what_the_whole_file_says(row: checkpoint.ShippedWeights) -> None:
    found = read(shipped()[row.name])
    assert row.scale == found.config.scale
    assert row.parameters == sum(p.numel() for p in found.model().parameters())
    assert row.psnr_y == json.loads(found.metadata["psnr_y"])


@pytest.mark.parametrize(
    ("scale", "name"), [(None, "hat-t-x4"), (2, "hat-t-x2"), (3.0, "hat-t-x3"), (7, "hat-t-x4")]
)
def test_the_default_model_of_a_scale(scale: float | None, name: str) -> None:
    assert checkpoint.default_model(scale) == name
