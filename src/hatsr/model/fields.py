"""What the fields of a configuration may hold, whatever the network."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, replace
from sys import float_info
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from hatsr.model.contract import NetworkConfig

Config = TypeVar("Config", bound=NetworkConfig)


def require(holds: bool, what: str, rule: str, got: object) -> None:
    """Raise ValueError unless a rule holds; the message names the rule and what was given."""
    if not holds:
        raise ValueError(f"{what} must be {rule}, got {got!r}")


def one_of(values: Iterable[object]) -> str:
    """A rule for `require`: the values that there are, as a list of words."""
    return f"one of {', '.join(map(str, values))}"


def check_types(config: NetworkConfig) -> None:
    """Refuse a value of another type than its field's: a file or a user may say anything.

    Numbers are finite, switches are switches, a list holds whole numbers.

    Raises:
        ValueError: a value is of another type; the message names field, rule and value.
    """
    for field in fields(config):
        _check_type(field, getattr(config, field.name))


def _check_type(field: Field[Any], value: object) -> None:
    kinds = get_args(field.type) if isinstance(field.type, UnionType) else (field.type,)
    if any(get_origin(kind) is tuple for kind in kinds):
        several = isinstance(value, tuple | list)
        require(several or int in kinds, field.name, "a list of whole numbers", value)
        numbers = value if isinstance(value, tuple | list) else (value,)
        whole = all(type(number) is int for number in numbers)
        require(whole, field.name, "whole numbers", value)
    elif type(field.default) is float:
        fits = (
            isinstance(value, int | float)
            and type(value) is not bool
            and abs(value) <= float_info.max  # false for NaN, too
        )
        require(fits, field.name, "a finite number", value)
    else:
        kind = type(field.default)
        require(type(value) is kind, field.name, f"of type {kind.__name__}", value)


def changed(config: Config, changes: Mapping[str, object]) -> Config:
    """The configuration with other values for some of its fields.

    A list may stand for a tuple and a whole number for a fraction, as in JSON.

    Raises:
        ValueError: there is no such field, or a value breaks its rule; the message names it.
    """
    known = {field.name: field for field in fields(config)}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        require(name in known, "a hyper-parameter", f"one of {', '.join(known)}", name)
        _check_type(known[name], value)
        if isinstance(value, int) and isinstance(known[name].default, float):
            values[name] = float(value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return replace(config, **values)
