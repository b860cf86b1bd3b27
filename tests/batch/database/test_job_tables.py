"""Rows of the tables and what they say; trouble with them is trouble with the disk."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from hatsr.batch.database.job_tables import (
    FIELDS,
    entry_of,
    open_base,
    open_for_reading,
    sqlite_errors_as_os_errors,
    text_of,
)
from hatsr.batch.database.records import PictureRecord


@pytest.mark.parametrize("name", ["sub/ä.png", os.fsdecode(b"\xff.png")])
@pytest.mark.parametrize("target", ["a_x2.png", None])
def test_a_row_and_its_record(name: str, target: str | None) -> None:
    """Names are bytes in the table; whole numbers of seconds are stored without a fraction."""
    kept = None if target is None else os.fsencode(target)
    row = (7, os.fsencode(name), kept, 10, 11, 12, 13, "done", 1, "slow", 3, "net")
    record = entry_of(row)
    assert record == PictureRecord(
        id=7,
        source=name,
        target=target,
        bytes=10,
        mtime=11,
        height=12,
        width=13,
        state="done",
        attempts=1,
        reason="slow",
        seconds=3.0,
        model="net",
    )
    assert isinstance(record.seconds, float)


def test_tables_are_made_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "batch.sqlite"
    open_base(path, create=False).close()
    for _ in range(2):  # what is there stays
        base = open_base(path, create=True)
        base.execute("INSERT INTO job VALUES (1, NULL, '{}', 5) ON CONFLICT DO NOTHING")
        base.close()
    base = open_base(path, create=False)
    assert base.execute("SELECT budget FROM job").fetchall() == [(5,)]
    assert base.execute(f"SELECT {FIELDS} FROM pictures").fetchall() == []
    base.close()


def test_an_older_database_gets_the_column_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "batch.sqlite"
    base = open_base(path, create=True)
    base.execute("ALTER TABLE pictures DROP COLUMN model")
    base.execute(
        "INSERT INTO pictures (source, bytes, mtime, height, width, state) "
        "VALUES (x'61', 1, 1, 1, 1, 'done')"
    )
    base.close()
    for _ in range(2):
        base = open_base(path, create=True)
        assert entry_of(base.execute(f"SELECT {FIELDS} FROM pictures").fetchone()).model == ""
        base.close()


@pytest.mark.parametrize(
    ("reason", "text"), [("ä: empty", "ä: empty"), (os.fsdecode(b"\xff"), r"\udcff")]
)
def test_reasons_are_texts_that_can_be_stored(reason: str, text: str) -> None:
    assert text_of(reason) == text


def test_errors_name_the_folder(tmp_path: Path) -> None:
    base = open_base(tmp_path / "batch.sqlite", create=False)
    with (
        pytest.raises(OSError, match=rf"the database in {tmp_path} .*: no such table: pictures"),
        sqlite_errors_as_os_errors(tmp_path),
    ):
        base.execute("SELECT * FROM pictures")
    base.close()
    with pytest.raises(ValueError, match="mine"), sqlite_errors_as_os_errors(tmp_path):
        raise ValueError("mine")
    assert not issubclass(sqlite3.Error, OSError)


def test_a_reader_waits_for_a_job_that_is_beginning(tmp_path: Path) -> None:
    path = tmp_path / "batch.sqlite"
    sqlite3.connect(path).close()
    path.touch()
    later = Timer(0.3, lambda: open_base(path, create=True).close())
    later.start()
    with closing(open_for_reading(path)) as base:
        assert base.execute("SELECT count(*) FROM job").fetchone() == (0,)
    later.join()
