"""Rows of a sweep on disk: one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path

Row = dict[str, object]
"""Model, picture and numbers of one patch, as one line of JSON."""

_BEGINNING = b'{"model": "'
"""Of every row: a last line that begins otherwise was not cut while being written."""


def read_rows(path: Path) -> list[Row]:
    """The rows so far; a last line that was cut while being written is removed from the file.

    Raises:
        ValueError: the file holds something else; it is left as it is.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    *lines, cut = content.split(b"\n")
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1)]
    if not _BEGINNING.startswith(cut[: len(_BEGINNING)]):
        raise _foreign(path, len(lines) + 1, "no row begins so")
    if cut:
        with path.open("rb+") as file:
            file.truncate(len(content) - len(cut))
    return rows


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = json.loads(line.decode())
    except ValueError as error:
        raise _foreign(path, number, error) from None
    if not isinstance(row, dict):
        raise _foreign(path, number, f"{type(row).__name__}, not an object")
    return row


def _foreign(path: Path, number: int, why: object) -> ValueError:
    return ValueError(
        f"{path} must hold a JSON object in each line, got line {number}: {why}; give another file"
    )


_KEY = ("weights", "picture", "pixels", "is_lr", "patch_size", "steps", "mode", "patch")


def row_key(row: Mapping[str, object]) -> str:
    """What tells one row from all others."""
    return json.dumps([row.get(name) for name in _KEY])
