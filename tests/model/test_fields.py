"""Fields of a configuration: other values for some, and what they refuse."""

from dataclasses import replace

import pytest

from hatsr.model import HATConfig, changed, preset
from hatsr.model.fields import check_types


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
        ({"conv_scale": 10**400}, "conv_scale must be a finite number, got 1000"),
        ({"conv_scale": True}, "conv_scale must be a finite number, got True"),
        ({"scale": 4.0}, r"scale must be of type int, got 4\.0"),
        ({"depths": 5}, "depths must be a list of whole numbers, got 5"),
        ({"depths": [2, 2.0]}, r"depths must be whole numbers, got \[2, 2\.0\]"),
        ({"qkv_bias": 1}, "qkv_bias must be of type bool, got 1"),
        ({"scale": 5}, "scale must be one of 1, 2, 3, 4, 8 for tail .*, got 5"),
        ({"tail": ["residual"]}, "tail must be of type str"),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(preset("hat"), changes)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mlp_ratio", "2", "mlp_ratio must be a finite number, got '2'"),
        ("img_range", float("inf"), "img_range must be a finite number, got inf"),
        ("depths", (6, True), r"depths must be whole numbers, got \(6, True\)"),
        ("num_heads", (6, True), r"num_heads must be whole numbers, got \(6, True\)"),
        ("cab", None, "cab must be of type bool, got None"),
        ("embed_dim", 180.0, r"embed_dim must be of type int, got 180\.0"),
    ],
)
def test_values_of_other_types_are_refused(name: str, value: object, message: str) -> None:
    """Set from outside, since the check of the signatures would refuse them before."""
    config = HATConfig()
    check_types(config)
    object.__setattr__(config, name, value)
    with pytest.raises(ValueError, match=message):
        check_types(config)
