import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.locking import locked
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.status import JobProgress, Status, read_status


def record(name: str, side: int, **more: Any) -> PictureRecord:
    facts = {"bytes": 1, "mtime": 1, "height": side, "width": side, **more}
    return PictureRecord(source=name, target=f"{name}_x2", **facts)


def test_time_left_goes_from_what_is_expected_to_what_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    told: list[Status] = []
    with JobDatabase(tmp_path, create=True) as database:
        for i in range(10):
            database.plan(record(str(i), 100))
        pace = JobProgress(database, told.append)
        pace.expect(1000.0)
    pace.report(None)
    assert told[-1].seconds_left == pytest.approx(100)  # 10 x 100^2 pixels at 1000 a second
    now += 90
    pace.report(record("0", 100, state="done"))
    # 1e4 in 90 s, and 1e4 expected in the first 10 s, are 200 a second
    assert told[-1].seconds_left == pytest.approx(9e4 / 200)
    assert told[-1].pictures_per_second == 1 / 90
    assert told[-1].megapixels_per_second == 0.01 / 90
    assert (told[-1].of("done"), told[-1].left, pace.left) == (1, 9, 9)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """The disk on which `out` has a job of one picture; `make_read_only` closes it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("cannot mount a disk here")
    with locked(disk / "out"), JobDatabase(disk / "out", create=True) as database:
        database.plan(record("a", 1))
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def test_status_from_a_disk_that_may_not_be_written_to(closed: Path) -> None:
    make_read_only(closed)
    status = read_status(closed / "out")
    assert (status.left, status.running) == (1, False)


@pytest.mark.parametrize("index", [True, False])
def test_status_of_a_killed_job_on_such_a_disk(closed: Path, tmp_path: Path, index: bool) -> None:
    """With the index of the log it can be read; without, SQLite would pass over what is in it."""
    place, kept = closed / "out/.hatsr", tmp_path / "kept"
    with JobDatabase(closed / "out") as database:
        database.plan(record("b", 1))
        shutil.copytree(place, kept)  # as a kill leaves it
    shutil.rmtree(place)
    shutil.copytree(kept, place)
    if index:
        make_read_only(closed)
        assert read_status(closed / "out").left == 2
        return
    (place / "batch.sqlite-shm").unlink()
    make_read_only(closed)
    assert (place / "batch.sqlite-wal").stat().st_size
    with pytest.raises(OSError, match=r"database of a job that was killed must be where it may"):
        read_status(closed / "out")


def test_status_writes_nothing(tmp_path: Path) -> None:
    with JobDatabase(tmp_path, create=True) as database:
        database.plan(record("a", 1))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert read_status(tmp_path).left == 1
    after = {path: path.stat().st_mtime_ns for path in before}
    assert after == before
    assert not (tmp_path / ".hatsr/lock.sqlite").exists()
