"""The books of a job: what is to be done, what was done, and why something was not.

One SQLite file in a hidden folder of the output. Every change is one transaction, so that a
process may be killed between any two of them.
"""

import json
import os
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hatsr.files import remove_leftovers

FOLDER = ".hatsr"
"""Holds the books, in the output folder."""
DIED = "a worker died when it was under way, twice; is there too little memory?"
State = Literal["waiting", "running", "suspect", "running alone", "done", "skipped", "failed"]
"""suspect: waits to be done alone, since a worker died when it was under way."""
_LARGEST = "height * width DESC, id"
"""The order of work: what takes longest does not come last, when the other workers wait."""
_BUSY_SECONDS = 60
"""How long a process waits for another's transaction."""
_TABLES = """
CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY CHECK (id = 1), input BLOB, options TEXT,
    budget INTEGER);
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY,
    source BLOB UNIQUE NOT NULL,
    target BLOB UNIQUE,
    bytes INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    height INTEGER NOT NULL,
    width INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    worker INTEGER,
    stamp TEXT,
    reason TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0.0
);
CREATE INDEX IF NOT EXISTS waiting ON pictures (height * width DESC, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS unfinished ON pictures (state)
    WHERE state IN ('suspect', 'running', 'running alone');
"""
_PLAN = (
    "INSERT INTO pictures (source, target, bytes, mtime, height, width, state, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_PLAN_AGAIN = (
    " ON CONFLICT (source) DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, "
    "height = excluded.height, width = excluded.width, state = excluded.state, "
    "reason = excluded.reason"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One picture in the books; paths are relative to the input's and the output's folder."""

    id: int = 0
    source: str
    target: str | None
    """None: it cannot have one, another picture's result goes there."""
    bytes: int
    """Of the file when it was planned."""
    mtime: int
    """When the file was last changed, as it was planned; nanoseconds."""
    height: int = 0
    """LR pixels, by the header; 0: unknown."""
    width: int = 0
    state: State = "waiting"
    attempts: int = 0
    """How often the work on it was begun."""
    reason: str = ""
    """Why it failed or was skipped, or what the user must know."""
    seconds: float = 0.0
    """In the network."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a job is."""

    source: Path
    """Its input."""
    options: Mapping[str, object]
    """What results depend on."""
    budget: int
    """Memory for all workers, bytes."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many pictures are in a state."""

    pictures: int = 0
    pixels: int = 0
    """LR pixels, where the header tells."""
    seconds: float = 0.0


_FIELDS = (
    "id, source, target, bytes, mtime, height, width, state, attempts, reason, seconds"  # of Entry
)


class Books:
    """The open books of an output folder, for one thread.

    Args:
        folder: the output.
        create: make them where there are none.

    Raises:
        FileNotFoundError: there are none.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder, path = folder, folder / FOLDER / "batch.sqlite"
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise FileNotFoundError(f"folder must be the output of a batch, got {folder}")
        self._base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        if create:
            self._base.executescript(_TABLES)

    def __enter__(self) -> "Books":
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    @contextmanager
    def together(self) -> Generator[None, None, None]:
        """All changes meanwhile are one transaction."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    # ------------------------------------------------------------------ the job

    def job(self) -> Begun | None:
        """What was begun; None: nothing yet."""
        row = self._base.execute("SELECT input, options, budget FROM job").fetchone()
        return row and Begun(Path(os.fsdecode(row[0])), json.loads(row[1]), row[2])

    def set_job(self, begun: Begun) -> None:
        """Note what is begun."""
        row = (os.fsencode(begun.source), json.dumps(begun.options), begun.budget)
        self._base.execute("INSERT INTO job VALUES (1, ?, ?, ?)", row)

    # ------------------------------------------------------------------ planning

    def is_known(self, source: str, stat: os.stat_result) -> bool:
        """Whether a file is in the books as it is now."""
        query = "SELECT bytes, mtime FROM pictures WHERE source = ?"
        row = self._base.execute(query, (os.fsencode(source),)).fetchone()
        return row == (stat.st_size, stat.st_mtime_ns)

    def has_made(self, source: str) -> bool:
        """Whether the result that is there is the one that was made from a file."""
        query = "SELECT target, stamp FROM pictures WHERE source = ?"
        row = self._base.execute(query, (os.fsencode(source),)).fetchone()
        if row is None or None in row:
            return False
        return row[1] == _stamp(self.folder / os.fsdecode(row[0]))

    def plan(self, entry: Entry) -> None:
        """Add a picture, or one again that is another file now.

        A picture whose result would go to another one's place fails.
        """
        values = (
            os.fsencode(entry.source),
            entry.target and os.fsencode(entry.target),
            *(entry.bytes, entry.mtime, entry.height, entry.width, entry.state, entry.reason),
        )
        try:
            self._base.execute(_PLAN + _PLAN_AGAIN, values)
        except sqlite3.IntegrityError:
            query = "SELECT source FROM pictures WHERE target = ?"
            other = os.fsdecode(self._base.execute(query, (values[1],)).fetchone()[0])
            reason = f"{other} already goes to {entry.target}; rename one"
            self._base.execute(_PLAN, (values[0], None, *values[2:6], "failed", reason))

    def retry_failed(self) -> None:
        """Let what failed wait again, except what has no place to go to."""
        self._base.execute(
            "UPDATE pictures SET state = 'waiting', reason = '' "
            "WHERE state = 'failed' AND target IS NOT NULL"
        )

    def await_lost(self) -> None:
        """Let what was done wait again where the result is gone."""
        lost = [(e.id,) for e in self.entries("done") if not (self.folder / str(e.target)).exists()]
        self._base.executemany("UPDATE pictures SET state = 'waiting' WHERE id = ?", lost)

    # ------------------------------------------------------------------ working

    def claim(self, worker: int, state: State = "waiting") -> Entry | None:
        """The largest picture that waits, which is the worker's from now on; None: there is none.

        Args:
            worker: its number.
            state: waiting or suspect.
        """
        taken = "running" if state == "waiting" else "running alone"
        first = f"SELECT id FROM pictures WHERE state = '{state}' ORDER BY {_LARGEST} LIMIT 1"  # noqa: S608
        query = (
            "UPDATE pictures SET state = ?, worker = ?, attempts = attempts + 1, stamp = NULL "  # noqa: S608
            f"WHERE id = ({first}) RETURNING {_FIELDS}"
        )
        row = self._base.execute(query, (taken, worker)).fetchone()
        return row and _entry(row)

    def place(self, id: int, part: Path) -> None:  # noqa: A002
        """Note how to know a result that is about to be moved into its place."""
        row = (_stamp(part), id)
        self._base.execute("UPDATE pictures SET stamp = ? WHERE id = ?", row)

    def finish(self, entry: Entry) -> None:
        """Note what became of a picture, and which state of its file was read."""
        self._base.execute(
            "UPDATE pictures SET state = ?, reason = ?, seconds = ?, bytes = ?, mtime = ?, "
            "height = ?, width = ?, worker = NULL WHERE id = ?",
            (
                *(entry.state, entry.reason, entry.seconds, entry.bytes, entry.mtime),
                *(entry.height, entry.width, entry.id),
            ),
        )

    def give_back(self, worker: int | None = None) -> int:
        """Settle what is under way with a worker that died, or (None) with all of a killed job.

        A result that is in its place is done. Of any other nothing stays. After the death of a
        worker it is suspect; if it was that before, it failed. After the end of a job, it waits.

        Returns:
            How many there were.
        """
        entries = [*self.entries("running", worker), *self.entries("running alone", worker)]
        for entry in entries:
            target = self.folder / str(entry.target)
            remove_leftovers(target)
            state, reason = "waiting", ""
            if self.has_made(entry.source):
                state = "done"
            elif worker is not None:
                state = "suspect" if entry.state == "running" else "failed"
                reason = DIED if state == "failed" else ""
            row = (state, reason, entry.id)
            self._base.execute(
                "UPDATE pictures SET state = ?, reason = ?, worker = NULL WHERE id = ?", row
            )
        return len(entries)

    # ------------------------------------------------------------------ reading

    def entries(
        self, state: State, worker: int | None = None, *, order: str = "id", limit: int = -1
    ) -> Iterator[Entry]:
        """Pictures in a state.

        Args:
            state: theirs.
            worker: only those of one.
            order: an expression of SQL.
            limit: how many at most; -1: all.
        """
        query = (
            f"SELECT {_FIELDS} FROM pictures WHERE state = ? AND (? IS NULL OR worker = ?) "  # noqa: S608
            f"ORDER BY {order} LIMIT ?"
        )
        yield from map(_entry, self._base.execute(query, (state, worker, worker, limit)))

    def counts(self) -> dict[str, Count]:
        """How many pictures are in each state that some are in."""
        rows = self._base.execute(
            "SELECT state, count(*), sum(height * width), sum(seconds) FROM pictures GROUP BY state"
        )
        return {
            state: Count(pictures, pixels, seconds) for state, pictures, pixels, seconds in rows
        }

    def workers(self) -> int:
        """How many have a picture under way."""
        query = "SELECT count(DISTINCT worker) FROM pictures WHERE state IN "
        return self._base.execute(query + "('running', 'running alone')").fetchone()[0]

    def largest(self) -> tuple[int, int]:
        """Height and width of the largest picture that waits; 0, 0: none."""
        entry = next(self.entries("waiting", order=_LARGEST, limit=1), None)
        return (entry.height, entry.width) if entry else (0, 0)


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(_FIELDS.split(", "), row, strict=True))
    for name in ("source", "target"):
        values[name] = None if values[name] is None else os.fsdecode(values[name])
    return Entry(**{**values, "seconds": float(values["seconds"])})


def _stamp(path: Path) -> str | None:
    """What a file keeps when it is renamed and hardly shares with another; None: not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return f"{stat.st_size} {stat.st_mtime_ns}"


@contextmanager
def keeping(folder: Path) -> Generator[None, None, None]:
    """Trouble with books is trouble with their disk, which may be full or gone.

    Raises:
        OSError: instead of an error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the books in {folder} cannot be kept: {error}") from error


@contextmanager
def locked(folder: Path, wait: float = 0) -> Generator[None, None, None]:
    """Let no other job work on an output folder meanwhile; the system ends it with the process.

    Args:
        folder: the output.
        wait: for another job to end, seconds.

    Raises:
        BlockingIOError: another job does.
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
    """Whether a job works on an output folder now."""
    try:
        with locked(folder):
            return False
    except BlockingIOError:
        return True
