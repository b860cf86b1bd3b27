"""Which pictures a worker gets, and what becomes of its results."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import DIED, PictureRecord, WorkResult
from hatsr.batch.stores import DiskStore
from hatsr.batch.worker_pools.coordinator import UNDER_WAY, Coordinator


@pytest.fixture
def database(tmp_path: Path) -> Iterator[JobDatabase]:
    """Five pictures, the first is the largest."""
    with JobDatabase(tmp_path, create=True) as opened:
        for i in range(5):
            opened.plan(
                PictureRecord(
                    source=f"{i}.png", target=f"{i}_x2.png", bytes=1, mtime=1, height=9 - i, width=9
                )
            )
        yield opened


def coordinator_of(database: JobDatabase, deaths: int = 2) -> tuple[Coordinator, list[str]]:
    """And the names and states that it reports."""
    told: list[str] = []

    def report(record: PictureRecord | None) -> None:
        told.append("" if record is None else f"{record.source} {record.state}")

    return Coordinator(database, report, deaths), told


def taken(coordinator: Coordinator, worker: int) -> PictureRecord:
    record = coordinator.next_picture(worker)
    assert record is not None
    return record


def result_of(record: PictureRecord, folder: Path) -> WorkResult:
    """As a worker makes it: written to a part file."""
    part, stamp = DiskStore(folder).write(str(record.target), record.source.encode())
    return WorkResult(record=replace(record, state="done"), part=part, stamp=stamp)


def states(database: JobDatabase) -> dict[str, int]:
    return {state: count.pictures for state, count in database.counts().items()}


def test_a_worker_has_only_so_many_at_a_time(database: JobDatabase) -> None:
    coordinator, _ = coordinator_of(database)
    got = [coordinator.next_picture(1) for _ in range(UNDER_WAY + 1)]
    assert [record and record.source for record in got] == ["0.png", "1.png", "2.png", None]
    assert coordinator.next_picture(2, most=1) is not None
    assert coordinator.next_picture(2, most=1) is None
    assert [coordinator.under_way(worker) for worker in (1, 2, 3)] == [3, 1, 0]


def test_a_suspect_goes_alone_to_a_worker_that_has_no_other(database: JobDatabase) -> None:
    coordinator, _ = coordinator_of(database)
    suspect, other = taken(coordinator, 1), taken(coordinator, 2)
    assert coordinator.lost(1) == 1
    assert taken(coordinator, 2).source == "2.png"  # it has another one already
    alone = taken(coordinator, 3)
    assert (alone.source, alone.state) == (suspect.source, "running alone")
    assert coordinator.next_picture(3) is None
    assert coordinator.lost(3) == 1
    assert [(e.source, e.reason) for e in database.records("failed")] == [("0.png", DIED)]
    assert other.source == "1.png"


def test_three_deaths_may_be_allowed(database: JobDatabase) -> None:
    coordinator, _ = coordinator_of(database, deaths=3)
    for worker in (1, 2, 3):
        assert taken(coordinator, worker).source == "0.png"
        assert states(database).get("failed", 0) == 0
        coordinator.lost(worker)
    assert states(database) == {"failed": 1, "waiting": 4}


def test_results_are_put_into_their_places_and_reported(
    database: JobDatabase, tmp_path: Path
) -> None:
    coordinator, told = coordinator_of(database)
    records = [taken(coordinator, worker) for worker in (1, 1, 2)]
    coordinator.record_results([result_of(record, tmp_path) for record in records[1:]])
    assert told == ["1.png done", "2.png done"]
    assert (tmp_path / "1_x2.png").read_bytes() == b"1.png"
    assert states(database) == {"done": 2, "running": 1, "waiting": 2}
    assert database.is_result_current("1.png")
    assert [coordinator.under_way(worker) for worker in (1, 2)] == [1, 0]
    assert not list(tmp_path.glob(".*.part"))


def test_a_worker_that_can_write_nothing_more_stops_the_work(
    database: JobDatabase, tmp_path: Path
) -> None:
    coordinator, told = coordinator_of(database)
    record = taken(coordinator, 1)
    coordinator.record_results([WorkResult(record=record, stop="disk full")])
    assert (coordinator.stopped, told, coordinator.under_way(1)) == ("disk full", [], 0)
    assert states(database) == {"running": 1, "waiting": 4}  # it waits again in the next job


@pytest.mark.parametrize(
    ("number", "state", "stopped"),
    [(errno.EISDIR, "failed", False), (errno.ENOSPC, "waiting", True)],
)
def test_a_result_that_cannot_be_moved_leaves_nothing(
    number: int,
    state: str,
    stopped: bool,
    database: JobDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(number, "not here")

    coordinator, told = coordinator_of(database)
    made = result_of(taken(coordinator, 1), tmp_path)
    monkeypatch.setattr(Path, "replace", refuse)
    coordinator.record_results([made])
    assert told == [f"0.png {state}"]
    assert ("not here" in coordinator.stopped) is stopped
    assert not list(tmp_path.glob(".*.part"))
    assert coordinator.under_way(1) == 0
