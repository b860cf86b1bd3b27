"""How a database lies on the disk: SQLite's tables, their rows, and what goes wrong with them."""

import os
import shutil
import sqlite3
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatsr.batch.database.records import PictureRecord

_BUSY_SECONDS = 60
"""How long a process waits for another's transaction."""
_SETTLING_SECONDS = 2.0
"""How long a reader waits for the tables of a job that is beginning."""
_LITTLE = 2**17
"""Bytes on a disk with which SQLite cannot begin."""
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
    seconds REAL NOT NULL DEFAULT 0.0,
    model TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS waiting ON pictures (height * width DESC, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS suspect ON pictures (height * width DESC, id) WHERE state = 'suspect';
"""
_HAS_MODEL = "SELECT 1 FROM pragma_table_info('pictures') WHERE name = 'model'"
_ADD_MODEL = "ALTER TABLE pictures ADD COLUMN model TEXT NOT NULL DEFAULT ''"
PLAN = (
    "INSERT INTO pictures (source, target, bytes, mtime, height, width, state, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
PLAN_AGAIN = (
    " ON CONFLICT (source) DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, "
    "height = excluded.height, width = excluded.width, state = excluded.state, "
    "reason = excluded.reason"
)
FIELDS = "id, source, target, bytes, mtime, height, width, state, attempts, reason, seconds, model"
"""Columns that make a `PictureRecord`, which has fields of the same names."""


def open_base(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the file of a database, in which each change is a transaction of its own.

    Args:
        path: of the file.
        create: make the tables where there are none, and the column that older ones lack.
    """
    base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = NORMAL")
    if create:
        base.executescript(_TABLES)
        if not base.execute(_HAS_MODEL).fetchone():
            base.execute(_ADD_MODEL)
    return base


def open_for_reading(path: Path) -> sqlite3.Connection:
    """The file of a database, which stays as it is; it may lie where nothing may be written.

    SQLite reads it without its log there only as a file that nobody changes (sqlite.org/wal.html,
    "Read-Only Databases").

    Raises:
        OSError: its log cannot be read without being written to.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        return _open_read_only(address)
    except sqlite3.OperationalError as error:
        if os.access(path.parent, os.W_OK):
            raise
        if path.with_name(f"{path.name}-wal").exists():
            raise OSError(
                "database of a job that was killed must be where it may be written to, got "
                f"{path.parent}; copy that folder to another disk and ask there"
            ) from error
        return sqlite3.connect(f"{address}&immutable=1", uri=True)


def _open_read_only(address: str) -> sqlite3.Connection:
    """Wait a little for the tables: a job may just be beginning, or closing its log."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    while True:
        base = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)
        try:
            base.execute("SELECT 1 FROM job").fetchone()
        except sqlite3.OperationalError as error:
            base.close()
            if "no such table" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_SETTLING_SECONDS / 20)
        else:
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
        OSError: instead of an error of SQLite; it says what to do.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(
            f"the database in {folder} cannot be kept: {_reason(folder, error)}"
        ) from error


def _reason(folder: Path, error: sqlite3.Error) -> str:
    if folder.exists() and not os.access(folder, os.W_OK):
        return "nothing may be written there; give another output"
    if folder.exists() and shutil.disk_usage(folder).free < _LITTLE:
        return f"{error}; the disk is full, make room"
    is_damaged = not isinstance(error, sqlite3.OperationalError) or "no such" in str(error)
    hidden = folder / ".hatsr"
    advice = f"; remove {hidden} and begin anew with --skip-existing" if is_damaged else ""
    return f"{error}{advice}"
