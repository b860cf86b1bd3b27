"""One job at a time on an output folder."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hatsr.batch.database.locking import is_running, locked


def test_one_job_at_a_time(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with locked(tmp_path):
        assert is_running(tmp_path)
        with (
            pytest.raises(BlockingIOError, match="folder must be that of one job at a time"),
            locked(tmp_path),
        ):
            pass
    assert not is_running(tmp_path)


def test_a_job_waits_for_the_other_to_end(tmp_path: Path) -> None:
    def work() -> bool:
        with locked(tmp_path, wait=60.0):
            return is_running(tmp_path)

    with ThreadPoolExecutor(1) as threads:
        with locked(tmp_path):
            waiting = threads.submit(work)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        assert waiting.result(60)


def test_what_cannot_be_a_lock_is_another_error(tmp_path: Path) -> None:
    (tmp_path / ".hatsr/lock.sqlite").mkdir(parents=True)
    with pytest.raises(sqlite3.OperationalError, match="unable to open"), locked(tmp_path):
        pass
