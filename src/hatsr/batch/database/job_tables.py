"""How a database lies on the disk: SQLite's tables, their rows, and what goes wrong with them."""

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatsr.batch.database.records import PictureRecord

_BUSY_SECONDS = 60
"""How long a process waits for another's transaction."""
_TABLES = """
CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY CHECK (id = 1), input BLOB, options TEXT,
    budget INTEGER);
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY,
    source BLOB UNIQUE NOT NULL,
    target BLOB UNIQUE,
    bytes INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    height INTEGER NOT NULL,
    width INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    worker INTEGER,
    stamp TEXT,
    reason TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0.0
);
CREATE INDEX IF NOT EXISTS waiting ON pictures (height * width DESC, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS suspect ON pictures (height * width DESC, id) WHERE state = 'suspect';
"""
PLAN = (
    "INSERT INTO pictures (source, target, bytes, mtime, height, width, state, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
PLAN_AGAIN = (
    " ON CONFLICT (source) DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, "
    "height = excluded.height, width = excluded.width, state = excluded.state, "
    "reason = excluded.reason"
)
FIELDS = "id, source, target, bytes, mtime, height, width, state, attempts, reason, seconds"
"""Columns that make a `PictureRecord`, which has fields of the same names."""


def open_base(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the file of a database, in which each change is a transaction of its own.

    Args:
        path: of the file.
        create: make the tables where there are none.
    """
    base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = NORMAL")
    if create:
        base.executescript(_TABLES)
    return base


def entry_of(row: Sequence[Any]) -> PictureRecord:
    """The record that a row of `FIELDS` holds."""
    values = dict(zip(FIELDS.split(", "), row, strict=True))
    for name in ("source", "target"):
        values[name] = None if values[name] is None else os.fsdecode(values[name])
    return PictureRecord(**{**values, "seconds": float(values["seconds"])})


def text_of(reason: str) -> str:
    """A reason as a text that SQLite takes, whatever bytes are in the name of a file."""
    return reason.encode(errors="backslashreplace").decode()


@contextmanager
def sqlite_errors_as_os_errors(folder: Path) -> Generator[None, None, None]:
    """Trouble with a database is trouble with its disk, which may be full or gone.

    Raises:
        OSError: instead of an error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the database in {folder} cannot be kept: {error}") from error
