import os
from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.batch.bookkeeping.books import Books
from hatsr.batch.bookkeeping.entries import DIED, Begun, Entry
from hatsr.batch.bookkeeping.locking import is_running, locked
from hatsr.batch.stores import DiskStore
from hatsr.files import replacing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Books(tmp_path, create=True) as books:
        for i, side in enumerate((3, 9, 6)):
            books.plan(entry(f"{i}.png", height=side, width=side))
    return tmp_path


def entry(source: str, **more: int) -> Entry:
    target = source.replace(".", "_x2.")
    return Entry(source=source, target=target, bytes=1, mtime=1, **more)  # pyright: ignore


def states(books: Books) -> dict[str, int]:
    return {state: count.pictures for state, count in books.counts().items()}


def test_the_largest_comes_first_and_none_twice(folder: Path) -> None:
    with Books(folder) as one, Books(folder) as other:
        taken = [books.claim(1) for books in (one, other, one, other)]
        assert [each and each.source for each in taken] == ["1.png", "2.png", "0.png", None]
        assert one.workers() == 1


def test_what_a_dead_worker_had_is_tried_once_more_alone(folder: Path) -> None:
    with Books(folder) as books:
        books.claim(1)
        books.claim(2)
        assert books.give_back(1) == 1
        assert states(books) == {"running": 1, "suspect": 1, "waiting": 1}
        again = books.claim(3, "suspect")
        assert again is not None
        assert (again.source, again.attempts) == ("1.png", 2)
        assert books.give_back(3) == 1
        assert [(e.source, e.reason) for e in books.entries("failed")] == [("1.png", DIED)]
        assert books.give_back(3) == 0


def test_what_a_killed_job_had_waits_again(folder: Path) -> None:
    with Books(folder) as books:
        books.claim(1)
        assert books.give_back() == 1
        assert states(books) == {"waiting": 3}


@pytest.mark.parametrize("placed", [True, False])
def test_a_result_in_its_place_is_done_and_half_of_one_is_removed(
    folder: Path, placed: bool
) -> None:
    with Books(folder) as books:
        taken = books.claim(1)
        assert taken is not None
        with replacing(folder / "1_x2.png") as part:
            part.write_text("all")
            books.place(taken.id, DiskStore(folder).stamp(part.name))
            if not placed:
                os.link(part, folder / part.name.replace(".part", "0.part"))  # of another process
        if not placed:
            (folder / "1_x2.png").unlink()
        books.give_back()
        assert states(books) == ({"done": 1, "waiting": 2} if placed else {"waiting": 3})
        assert not list(folder.glob(".*.part"))


def test_another_result_than_the_one_that_was_placed_is_not_ours(folder: Path) -> None:
    with Books(folder) as books:
        taken = books.claim(1)
        assert taken is not None
        with replacing(folder / "1_x2.png") as part:
            part.write_text("all")
            books.place(taken.id, DiskStore(folder).stamp(part.name))
        (folder / "1_x2.png").write_text("of someone else")
        assert not books.has_made("1.png")


def test_two_pictures_for_one_place(folder: Path) -> None:
    with Books(folder) as books:
        books.plan(Entry(source="1.bmp", target="1_x2.png", bytes=1, mtime=1))
        (failed,) = books.entries("failed")
        assert failed.reason == "1.png already goes to 1_x2.png; rename one"
        books.retry_failed()
        assert states(books) == {"failed": 1, "waiting": 3}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    with Books(tmp_path, create=True) as books:
        books.plan(entry(name))
        assert [e.source for e in books.entries("waiting")] == [name]
        (planned,) = books.entries("waiting")
        books.finish(replace(planned, state="failed", reason=f"{name}: file is empty"))
        books.plan(Entry(source="other", target=planned.target, bytes=1, mtime=1))
        assert {e.source: e.reason for e in books.entries("failed")} == {
            name: r"\udcff.png: file is empty",
            "other": r"\udcff.png already goes to \udcff_x2.png; rename one",
        }


def test_changes_together_are_all_or_none(folder: Path) -> None:
    def break_off(books: Books) -> None:
        with books.together():
            books.plan(entry("9.png"))
            raise KeyboardInterrupt

    with Books(folder) as books:
        with pytest.raises(KeyboardInterrupt):
            break_off(books)
        assert states(books) == {"waiting": 3}


def test_the_job(folder: Path) -> None:
    begun = Begun("in", {"scale": 2}, 10**9)
    with Books(folder) as books:
        assert books.job() is None
        books.set_job(begun)
        assert books.job() == begun


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


def test_no_books(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="folder must be the output of a batch, got"):
        Books(tmp_path)
