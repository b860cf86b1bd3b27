from pathlib import Path

from hatsr.batch.books import Books, Entry
from hatsr.batch.local import Assignment, Crew
from hatsr.inference.settings import Settings


def test_workers_that_cannot_begin_end_the_work(tmp_path: Path) -> None:
    assignment = Assignment(
        folder=tmp_path,
        root=tmp_path,
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
        stopped = Crew(assignment, books, told.append).work(1)
        assert books.counts()["waiting"].pictures == 1
    assert stopped == "a worker ended before it began, with code 1"
    assert set(told) == {None}
