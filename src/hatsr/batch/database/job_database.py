"""The database of a job: what is to be done, what was done, and why something was not.

One SQLite file in a hidden folder of the output. Every change is one transaction, so that a
process may be killed between any two of them.
"""

import json
import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hatsr.batch.database.job_tables import (
    FIELDS,
    PLAN,
    PLAN_AGAIN,
    entry_of,
    open_base,
    open_for_reading,
    text_of,
)
from hatsr.batch.database.records import DIED, JobRecord, PictureRecord, State, StateCount
from hatsr.batch.stores import DiskStore, FileFacts, Store

FOLDER = ".hatsr"
"""Holds the database, in the output folder."""
_LARGEST = "height * width DESC, id"
"""The order of work: what takes longest does not come last, when the other workers wait."""


class JobDatabase:
    """The open database of an output folder, for one thread.

    Args:
        folder: of the job.
        results: where they go; None: into the folder.
        create: make it where there is none.
        read_only: change nothing, which works where nothing may be written, too.

    Raises:
        FileNotFoundError: there is none.
    """

    def __init__(
        self,
        folder: Path,
        results: Store | None = None,
        *,
        create: bool = False,
        read_only: bool = False,
    ) -> None:
        self.folder, self.results = folder, results or DiskStore(folder)
        path = folder / FOLDER / "batch.sqlite"
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            why = "it has no database" if folder.is_dir() else "there is no such folder"
            raise FileNotFoundError(
                f"folder must be the output of a batch, got {folder}: {why}; give the -o of a batch"
            )
        self._base = open_for_reading(path) if read_only else open_base(path, create=create)
        self._path, self._file = path, path.stat()

    def __enter__(self) -> "JobDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def check_place(self) -> None:
        """Refuse to go on with a database that nobody will find again.

        Raises:
            OSError: it was removed or moved.
        """
        try:
            is_same = os.path.samestat(self._file, self._path.stat())
        except OSError:
            is_same = False
        if not is_same:
            raise OSError(
                f"folder must stay in its place while a job works, got {self.folder} without the "
                "database that it had; put it back, or begin anew in an empty folder"
            )

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Make all changes inside one transaction; an error undoes them."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    # ------------------------------------------------------------------ the job

    def job(self) -> JobRecord | None:
        """The job; None before it was first started."""
        row = self._base.execute("SELECT input, options, budget FROM job").fetchone()
        return row and JobRecord(os.fsdecode(row[0]), json.loads(row[1]), row[2])

    def set_job(self, job: JobRecord) -> None:
        """Store the job; a database holds one."""
        row = (os.fsencode(job.source), json.dumps(job.options), job.budget)
        self._base.execute("INSERT INTO job VALUES (1, ?, ?, ?)", row)

    def remove_job(self) -> None:
        """Let another job begin here, since this one has no pictures."""
        self._base.execute("DELETE FROM job")

    # ------------------------------------------------------------------ planning

    def is_known(self, source: str, facts: FileFacts) -> bool:
        """Whether a file is in the database as it is now."""
        query = "SELECT bytes, mtime FROM pictures WHERE source = ?"
        row = self._base.execute(query, (os.fsencode(source),)).fetchone()
        return row == (facts.bytes, facts.mtime)

    def is_result_current(self, source: str) -> bool:
        """Whether the result that is there is the one that was made from a file."""
        query = "SELECT target, stamp FROM pictures WHERE source = ?"
        row = self._base.execute(query, (os.fsencode(source),)).fetchone()
        if row is None or None in row:
            return False
        return row[1] == self.results.stamp(os.fsdecode(row[0]))

    def plan(self, record: PictureRecord) -> PictureRecord:
        """Add a picture, or one again that is another file now.

        A picture whose result would go to another one's place fails.

        Returns:
            The record as it was added.
        """
        values = (
            os.fsencode(record.source),
            record.target and os.fsencode(record.target),
            *(record.bytes, record.mtime, record.height, record.width, record.state),
            text_of(record.reason),
        )
        try:
            self._base.execute(PLAN + PLAN_AGAIN, values)
            return record
        except sqlite3.IntegrityError:
            query = "SELECT source FROM pictures WHERE target = ?"
            other = os.fsdecode(self._base.execute(query, (values[1],)).fetchone()[0])
            reason = text_of(f"{other} already goes to {record.target}; rename one")
            self._base.execute(PLAN, (values[0], None, *values[2:6], "failed", reason))
            return replace(record, target=None, state="failed", reason=reason)

    def retry_failed(self) -> None:
        """Let what failed wait again, except what has no place to go to."""
        self._base.execute(
            "UPDATE pictures SET state = 'waiting', reason = '' "
            "WHERE state = 'failed' AND target IS NOT NULL"
        )

    def requeue_missing(self) -> None:
        """Let pictures wait again whose result is gone."""
        done = self.records("done", order="target")
        lost = [(record.id,) for record in done if not self.results.has(str(record.target))]
        self._base.executemany("UPDATE pictures SET state = 'waiting' WHERE id = ?", lost)

    # ------------------------------------------------------------------ working

    def claim(self, worker: int, state: State = "waiting") -> PictureRecord | None:
        """The largest picture that waits, which is the worker's from now on; None: there is none.

        Args:
            worker: its number.
            state: waiting or suspect.
        """
        taken = "running" if state == "waiting" else "running alone"
        first = f"SELECT id FROM pictures WHERE state = '{state}' ORDER BY {_LARGEST} LIMIT 1"  # noqa: S608
        query = (
            "UPDATE pictures SET state = ?, worker = ?, attempts = attempts + 1, stamp = NULL "  # noqa: S608
            f"WHERE id = ({first}) RETURNING {FIELDS}"
        )
        row = self._base.execute(query, (taken, worker)).fetchone()
        return row and entry_of(row)

    def record_stamp(self, id: int, stamp: str | None, model: str = "") -> None:  # noqa: A002
        """Note how to know a result that is about to be moved into its place, and its weights."""
        query = "UPDATE pictures SET stamp = ?, model = ? WHERE id = ?"
        self._base.execute(query, (stamp, model, id))

    def finish(self, record: PictureRecord) -> None:
        """Note what became of a picture, and which state of its file was read."""
        self._base.execute(
            "UPDATE pictures SET state = ?, reason = ?, seconds = ?, bytes = ?, mtime = ?, "
            "height = ?, width = ?, model = ?, worker = NULL WHERE id = ?",
            (
                *(record.state, text_of(record.reason), record.seconds, record.bytes, record.mtime),
                *(record.height, record.width, record.model, record.id),
            ),
        )

    def requeue_interrupted(self, worker: int | None = None, deaths: int = 2) -> int:
        """Settle what is under way with a worker that died, or (None) with all of a killed job.

        A result that is in its place is done. Of any other nothing stays. After the death of a
        worker it is suspect, and waits to be done alone; after one more while it is alone, and so
        many attempts, it failed. After the end of a job, it waits.

        Returns:
            How many there were.
        """
        records = [*self.records("running", worker), *self.records("running alone", worker)]
        for record in records:
            self.results.remove_parts(str(record.target))
            state, reason = "waiting", ""
            if self.is_result_current(record.source):
                state = "done"
            elif worker is not None:
                is_fatal = record.state == "running alone" and record.attempts >= deaths
                state, reason = ("failed", DIED) if is_fatal else ("suspect", "")
            row = (state, reason, record.id)
            self._base.execute(
                "UPDATE pictures SET state = ?, reason = ?, worker = NULL WHERE id = ?", row
            )
        return len(records)

    # ------------------------------------------------------------------ reading

    def records(
        self, state: State, worker: int | None = None, *, order: str = "id", limit: int = -1
    ) -> Iterator[PictureRecord]:
        """Pictures in a state.

        Args:
            state: theirs.
            worker: only those of one.
            order: an expression of SQL.
            limit: how many at most; -1: all.
        """
        query = (
            f"SELECT {FIELDS} FROM pictures WHERE state = ? AND (? IS NULL OR worker = ?) "  # noqa: S608
            f"ORDER BY {order} LIMIT ?"
        )
        yield from map(entry_of, self._base.execute(query, (state, worker, worker, limit)))

    def counts(self) -> dict[str, StateCount]:
        """How many pictures are in each state that some are in."""
        rows = self._base.execute(
            "SELECT state, count(*), sum(height * width), sum(seconds) FROM pictures GROUP BY state"
        )
        return {
            state: StateCount(pictures, pixels, seconds)
            for state, pictures, pixels, seconds in rows
        }

    def weights(self) -> dict[str, int]:
        """How many pictures are done with which weights, the most first; empty: not recorded."""
        return dict(
            self._base.execute(
                "SELECT model, count(*) FROM pictures WHERE state = 'done' "
                "GROUP BY model ORDER BY count(*) DESC, model"
            )
        )

    def workers(self) -> int:
        """How many have a picture under way."""
        query = "SELECT count(DISTINCT worker) FROM pictures WHERE state IN "
        return self._base.execute(query + "('running', 'running alone')").fetchone()[0]

    def largest(self) -> tuple[int, int]:
        """Height and width of the largest picture that waits; 0, 0: none."""
        record = next(self.records("waiting", order=_LARGEST, limit=1), None)
        return (record.height, record.width) if record else (0, 0)
