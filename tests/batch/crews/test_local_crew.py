from pathlib import Path

from hatsr.batch.bookkeeping.books import Books
from hatsr.batch.bookkeeping.entries import Entry
from hatsr.batch.crews.crew import work
from hatsr.batch.crews.dispatch import Assignment, Dispatch
from hatsr.batch.crews.local_crew import LocalCrew
from hatsr.batch.stores import DiskStore
from hatsr.inference.settings import Settings


def test_workers_that_cannot_begin_end_the_work(tmp_path: Path) -> None:
    assignment = Assignment(
        source=DiskStore(tmp_path),
        results=DiskStore(tmp_path),
        model=str(tmp_path / "gone.safetensors"),
        overrides={},
        denoise=None,
        settings=Settings(device="cpu"),
        quality=None,
        max_pixels=100,
        threads=1,
    )
    told: list[Entry | None] = []
    with Books(tmp_path, create=True) as books:
        books.plan(Entry(source="a.png", target="a_x2.png", bytes=1, mtime=1))
        with LocalCrew(assignment, Dispatch(books, told.append), 1) as crew:
            stopped = work(crew)
        assert books.counts()["waiting"].pictures == 1
    assert stopped == "a worker ended before it began, with code 1"
    assert set(told) == {None}
