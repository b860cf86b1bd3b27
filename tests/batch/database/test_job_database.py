import os
from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import DIED, JobRecord, PictureRecord, State
from hatsr.batch.stores import DiskStore
from hatsr.files import replacing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with JobDatabase(tmp_path, create=True) as database:
        for i, side in enumerate((3, 9, 6)):
            database.plan(record(f"{i}.png", height=side, width=side))
    return tmp_path


def record(source: str, **more: int) -> PictureRecord:
    target = source.replace(".", "_x2.")
    return PictureRecord(source=source, target=target, bytes=1, mtime=1, **more)  # pyright: ignore


def states(database: JobDatabase) -> dict[str, int]:
    return {state: count.pictures for state, count in database.counts().items()}


def test_the_largest_comes_first_and_none_twice(folder: Path) -> None:
    with JobDatabase(folder) as one, JobDatabase(folder) as other:
        taken = [database.claim(1) for database in (one, other, one, other)]
        assert [each and each.source for each in taken] == ["1.png", "2.png", "0.png", None]
        assert one.workers() == 1


@pytest.mark.parametrize("state", ["waiting", "suspect"])
def test_the_next_picture_is_found_by_an_index(state: State, folder: Path) -> None:
    """Otherwise each claim would look at every picture of a job, and a job may have a million."""
    with JobDatabase(folder) as database:
        statements: list[str] = []
        database._base.set_trace_callback(statements.append)
        database.claim(1, state)
        database._base.set_trace_callback(None)
        steps = database._base.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall()
    assert [row[-1] for row in steps if "SCAN" in row[-1] or "TEMP" in row[-1]] == [
        f"SCAN pictures USING INDEX {state}"
    ]


def test_what_a_dead_worker_had_is_tried_once_more_alone(folder: Path) -> None:
    with JobDatabase(folder) as database:
        database.claim(1)
        database.claim(2)
        assert database.requeue_interrupted(1) == 1
        assert states(database) == {"running": 1, "suspect": 1, "waiting": 1}
        again = database.claim(3, "suspect")
        assert again is not None
        assert (again.source, again.attempts) == ("1.png", 2)
        assert database.requeue_interrupted(3) == 1
        assert [(e.source, e.reason) for e in database.records("failed")] == [("1.png", DIED)]
        assert database.requeue_interrupted(3) == 0


def test_what_a_killed_job_had_waits_again(folder: Path) -> None:
    with JobDatabase(folder) as database:
        database.claim(1)
        assert database.requeue_interrupted() == 1
        assert states(database) == {"waiting": 3}


@pytest.mark.parametrize("placed", [True, False])
def test_a_result_in_its_place_is_done_and_half_of_one_is_removed(
    folder: Path, placed: bool
) -> None:
    with JobDatabase(folder) as database:
        taken = database.claim(1)
        assert taken is not None
        with replacing(folder / "1_x2.png") as part:
            part.write_text("all")
            database.record_stamp(taken.id, DiskStore(folder).stamp(part.name), "net")
            if not placed:
                os.link(part, folder / part.name.replace(".part", "0.part"))  # of another process
        if not placed:
            (folder / "1_x2.png").unlink()
        database.requeue_interrupted()
        assert states(database) == ({"done": 1, "waiting": 2} if placed else {"waiting": 3})
        assert database.weights() == ({"net": 1} if placed else {})
        assert not list(folder.glob(".*.part"))


def test_another_result_than_the_one_that_was_placed_is_not_ours(folder: Path) -> None:
    with JobDatabase(folder) as database:
        taken = database.claim(1)
        assert taken is not None
        with replacing(folder / "1_x2.png") as part:
            part.write_text("all")
            database.record_stamp(taken.id, DiskStore(folder).stamp(part.name))
        (folder / "1_x2.png").write_text("of someone else")
        assert not database.is_result_current("1.png")


def test_two_pictures_for_one_place(folder: Path) -> None:
    with JobDatabase(folder) as database:
        database.plan(PictureRecord(source="1.bmp", target="1_x2.png", bytes=1, mtime=1))
        (failed,) = database.records("failed")
        assert failed.reason == "1.png already goes to 1_x2.png; rename one"
        database.retry_failed()
        assert states(database) == {"failed": 1, "waiting": 3}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    with JobDatabase(tmp_path, create=True) as database:
        database.plan(record(name))
        assert [e.source for e in database.records("waiting")] == [name]
        (planned,) = database.records("waiting")
        database.finish(replace(planned, state="failed", reason=f"{name}: file is empty"))
        database.plan(PictureRecord(source="other", target=planned.target, bytes=1, mtime=1))
        assert {e.source: e.reason for e in database.records("failed")} == {
            name: r"\udcff.png: file is empty",
            "other": r"\udcff.png already goes to \udcff_x2.png; rename one",
        }


def test_changes_together_are_all_or_none(folder: Path) -> None:
    def break_off(database: JobDatabase) -> None:
        with database.transaction():
            database.plan(record("9.png"))
            raise KeyboardInterrupt

    with JobDatabase(folder) as database:
        with pytest.raises(KeyboardInterrupt):
            break_off(database)
        assert states(database) == {"waiting": 3}


def test_the_job(folder: Path) -> None:
    begun = JobRecord("in", {"scale": 2}, 10**9)
    with JobDatabase(folder) as database:
        assert database.job() is None
        database.set_job(begun)
        assert database.job() == begun
        database.remove_job()
        assert database.job() is None
        database.set_job(begun)


def test_done_pictures_are_counted_by_their_weights(folder: Path) -> None:
    with JobDatabase(folder) as database:
        for state, model in (("done", "b"), ("done", "a"), ("failed", "b")):
            taken = database.claim(1)
            assert taken is not None
            database.finish(replace(taken, state=state, model=model))
        assert [*database.weights().items()] == [("a", 1), ("b", 1)]
        database.retry_failed()
        taken = database.claim(1)
        assert taken is not None
        database.finish(replace(taken, state="done", model="b"))
        assert [*database.weights().items()] == [("b", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("name", "why"), [("", "it has no database"), ("gone", "there is no such folder")]
)
def test_a_folder_without_a_database_is_refused(name: str, why: str, tmp_path: Path) -> None:
    words = f"folder must be the output of a batch, got {tmp_path / name}: {why}; give the -o"
    with pytest.raises(FileNotFoundError, match=words):
        JobDatabase(tmp_path / name)
