"""The loop of a job: it ends when no picture waits, or when nothing can be written any more."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, WorkResult
from hatsr.batch.stores import DiskStore
from hatsr.batch.worker_pools.coordinator import Coordinator
from hatsr.batch.worker_pools.worker_pool import WorkerPool, work


class PoolOfOne:
    """One worker in this process, which writes names; it may die over its first picture."""

    def __init__(self, coordinator: Coordinator, *, dies: bool = False) -> None:
        self.coordinator, self.count, self.stopped = coordinator, 1, ""
        self.number, self.dies, self.begun = 1, dies, False
        self.given = list[PictureRecord]()

    def __enter__(self) -> "PoolOfOne":
        return self

    def __exit__(self, *trouble: object) -> None: ...

    def is_at_work(self) -> bool:
        return not self.begun or bool(self.given)

    def receive(self) -> list[WorkResult]:
        made = [] if self.dies else [self._result(record) for record in self.given]
        self.given = []
        return made

    def _result(self, record: PictureRecord) -> WorkResult:
        data = record.source.encode()
        part, stamp = self.coordinator.database.results.write(str(record.target), data)
        stop = "disk full" if record.source == "full.png" else ""
        done = replace(record, state="done")
        return WorkResult(record=done, part=part, stamp=None if stop else stamp, stop=stop)

    def replace_dead_workers(self) -> None:
        if self.dies and self.begun:
            self.coordinator.lost(self.number)
            self.number, self.dies = self.number + 1, False

    def hand_out_pictures(self) -> None:
        self.begun = True
        while (record := self.coordinator.next_picture(self.number)) is not None:
            self.given.append(record)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[JobDatabase]:
    with JobDatabase(tmp_path, DiskStore(tmp_path), create=True) as opened:
        yield opened


def plan(database: JobDatabase, *names: str) -> None:
    for name in names:
        database.plan(PictureRecord(source=name, target=f"x2_{name}", bytes=1, mtime=1))


@pytest.mark.parametrize("dies", [False, True])
def test_goes_on_until_no_picture_waits(dies: bool, database: JobDatabase, tmp_path: Path) -> None:
    told: list[PictureRecord | None] = []
    names = [f"{i}.png" for i in range(5)]
    plan(database, *names)
    pool = PoolOfOne(Coordinator(database, told.append), dies=dies)
    assert isinstance(pool, WorkerPool)
    assert work(pool) == ""
    assert sorted(record.source for record in told if record) == names
    assert None in told  # progress is told between
    assert database.counts()["done"].pictures == 5
    assert (tmp_path / "x2_4.png").read_bytes() == b"4.png"


def test_says_why_it_ended_before(database: JobDatabase) -> None:
    plan(database, "full.png", *(f"{i}.png" for i in range(5)))
    assert work(PoolOfOne(Coordinator(database, lambda _: None))) == "disk full"
    database.requeue_interrupted()
    states = {state: count.pictures for state, count in database.counts().items()}
    assert states == {"done": 2, "waiting": 4}


def test_a_pool_that_cannot_begin(database: JobDatabase) -> None:
    plan(database, "a.png")
    pool = PoolOfOne(Coordinator(database, lambda _: None))
    pool.stopped = "no memory"
    assert work(pool) == "no memory"
    assert database.counts()["waiting"].pictures == 1
