"""One job at a time on an output folder."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hatsr.batch.database.job_database import FOLDER


@contextmanager
def locked(folder: Path, wait: float = 0) -> Generator[None, None, None]:
    """While this is open, no other job works on an output folder.

    The lock is that of a transaction of SQLite, which the system ends with the process.

    Args:
        folder: the output.
        wait: for another job to end, seconds.

    Raises:
        BlockingIOError: another job works on it.
    """
    path = folder / FOLDER / "lock.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(path, timeout=wait, isolation_level=None)
    try:
        base.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        base.close()
        if "locked" not in str(error):
            raise
        raise BlockingIOError(
            f"folder must be that of one job at a time, got {folder}; see --status, wait for the "
            "other, or give another output"
        ) from error
    try:
        yield
    finally:
        base.close()


def is_running(folder: Path) -> bool:
    """Whether a job works on an output folder now; writes nothing."""
    path = folder / FOLDER / "lock.sqlite"
    if not path.exists():
        return False
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0)
    try:
        base.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return True
    finally:
        base.close()
    return False
