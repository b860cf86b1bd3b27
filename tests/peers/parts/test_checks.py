"""What no configuration of a peer may hold."""

from dataclasses import dataclass

import pytest

from hatsr.peers.parts.checks import check_fields, check_squeeze


@dataclass(frozen=True, kw_only=True, slots=True)
class SomeConfig:
    scale: int = 4
    channels: int = 3
    width: int = 8
    factor: float = 0.1
    switched: bool = False

    @property
    def depth(self) -> int:
        return 1


@pytest.mark.parametrize(
    "changes", [{}, {"scale": 2}, {"channels": 1}, {"factor": -2.0}, {"width": 1}]
)
def test_what_fits_passes(changes: dict) -> None:
    check_fields(SomeConfig(**changes), (2, 4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"width": -3}, "width must be at least 1, got -3"),
        ({"width": 8.0}, r"width must be of type int, got 8\.0"),
        ({"switched": 1}, "switched must be of type bool, got 1"),
        ({"factor": float("inf")}, "factor must be a finite number, got inf"),
        ({"scale": 3}, "scale must be one of 2, 4, got 3"),
        ({"channels": 4}, "channels must be 1 or 3, got 4"),
    ],
)
def test_a_value_that_breaks_its_rule_is_named(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_fields(SomeConfig(**changes), (2, 4))


def test_channel_attention_keeps_a_channel() -> None:
    check_squeeze(64, 64)
    with pytest.raises(ValueError, match="squeeze_factor must be at most width 64, got 65"):
        check_squeeze(65, 64)
