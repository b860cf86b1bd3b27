"""Rules that the configurations of all peers share."""

from dataclasses import fields
from math import isfinite
from typing import Any


def require(holds: bool, what: str, rule: str, got: object) -> None:
    """Raise ValueError unless a rule holds; the message names the rule and what was given."""
    if not holds:
        raise ValueError(f"{what} must be {rule}, got {got!r}")


def check_fields(config: Any, scales: tuple[int, ...]) -> None:
    """Check the fields of a dataclass against the kinds of their defaults.

    Whole numbers are at least 1, other numbers finite, switches switches.

    Args:
        config: has the fields `scale` and `channels`, beside others with a default each.
        scales: what `scale` may be.

    Raises:
        ValueError: a field breaks its rule; the message names field, rule and value.
    """
    for field in fields(config):
        _check_kind(field.name, field.default, getattr(config, field.name))
    require(config.scale in scales, "scale", f"one of {scales}", config.scale)
    require(config.channels in (1, 3), "channels", "1 or 3", config.channels)


def _check_kind(name: str, default: object, value: object) -> None:
    if type(default) is float:
        fits = isinstance(value, int | float) and type(value) is not bool and isfinite(value)
        require(fits, name, "a finite number", value)
    elif type(default) is int:
        fits = isinstance(value, int) and type(value) is not bool and value >= 1
        require(fits, name, "a whole number of at least 1", value)
    else:
        require(type(value) is type(default), name, f"of type {type(default).__name__}", value)
