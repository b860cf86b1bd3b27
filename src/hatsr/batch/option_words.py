"""A job's options in words: on its page, and where those of another job are refused."""

from collections.abc import Mapping
from typing import cast

_DIGEST = "weights"
"""Key of the digest of all weights that may be used, which tells nobody anything."""
_CHOOSE_WEIGHTS = "model", "scale", "denoise"
_NOT_GIVEN = {
    "scale": "its model's own",
    "memory": "a share of what is free",
    "tile": "as large as fits",
    "format": "that of each picture",
    "quality": "the format's own",
    "results": "the output folder",
}
"""What an option means that was not given; others mean nothing then."""


def option_words(options: Mapping[str, object]) -> dict[str, str]:
    """The options that were given, and whose weights were used, each in words.

    Args:
        options: as a `JobRecord` holds them.
    """
    names = dict.fromkeys(["model", *options])
    given = [
        name
        for name in names
        if name == "model" or (name != _DIGEST and options[name] not in (None, "", {}))
    ]
    return {name: _words(name, options) for name in given}


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """What is different, each as ``scale: its model's own -> 2``.

    Args:
        before: options of a job, as a `JobRecord` holds them.
        now: those of another one.
    """
    names = [name for name in now if before.get(name) != now[name]]
    told = [
        f"{name}: {_words(name, before)} -> {_words(name, now)}"
        for name in names
        if name != _DIGEST
    ]
    if _DIGEST in names and not any(name in names for name in _CHOOSE_WEIGHTS):
        told.append(f"model: {_words('model', now)}, but the files have other weights now")
    return told


def _words(name: str, options: Mapping[str, object]) -> str:
    value = options.get(name)
    if name == "model" and value is None:
        is_one = options.get("overrides") or options.get("denoise") is not None
        return "the shipped one" if is_one else "chosen for each picture"
    if value is None or value == {}:
        return _NOT_GIVEN.get(name, "none")
    return f"{value:,} bytes" if name == "memory" else _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        items = cast(Mapping[str, object], value).items()
        return ", ".join(f"{key}={_text(each)}" for key, each in items)
    return f"{value:g}" if isinstance(value, float) else str(value)
