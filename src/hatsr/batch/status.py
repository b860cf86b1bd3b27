"""How far a job has come, while it works or afterwards."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.job_tables import sqlite_errors_as_os_errors
from hatsr.batch.database.locking import is_running
from hatsr.batch.database.records import UNFINISHED, PictureRecord, StateCount

_FIRST_SECONDS = 10
"""How long the speed of a sample counts for more than that of the work itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How far a job has come."""

    folder: Path
    """Output folder of the job."""
    counts: Mapping[str, StateCount]
    """Number of pictures in each state."""
    running: bool
    """A process works on it."""
    source: str = ""
    """Input of the job; empty: it was not begun, or who asks knows it."""
    seconds_left: float | None = None
    """None: nobody can tell yet."""
    pictures_per_second: float = 0.0
    megapixels_per_second: float = 0.0
    """Megapixels of LR in a second."""
    last: PictureRecord | None = None
    """The picture that has just been done or failed."""
    stopped: str = ""
    """Why the work ended before all was done."""
    remarks: tuple[str, ...] = ()
    """What was left out, after a job."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Number of pictures that were done with each weights, after a job."""

    def of(self, *states: str) -> int:
        """How many pictures are in any of the states."""
        return sum(self.counts.get(state, StateCount()).pictures for state in states)

    @property
    def left(self) -> int:
        """Pictures that are not finished."""
        return self.of(*UNFINISHED)

    @property
    def phase(self) -> Literal["running", "stopped", "finished"]:
        """Whether a process works on it, and if not, whether there is something left to do."""
        if self.running:
            return "running"
        return "finished" if self.counts and not self.left else "stopped"


def read_status(folder: Path) -> Status:
    """How far the job of an output folder has come, by its database.

    Speeds are those of the network so far, times the workers that are at it. Nothing is written.

    Raises:
        FileNotFoundError: there is no database.
        OSError: it cannot be read.
    """
    with sqlite_errors_as_os_errors(folder):
        with JobDatabase(folder, read_only=True) as database:
            counts, workers, begun = database.counts(), database.workers(), database.job()
        running = is_running(folder)
    done = counts.get("done", StateCount())
    speed = max(1, workers) / done.seconds if done.seconds else 0.0
    pixels = speed * done.pixels
    return Status(
        folder=folder,
        counts=counts,
        running=running,
        source=begun.source if begun else "",
        seconds_left=_pixels_left(counts) / pixels if pixels else None,
        pictures_per_second=speed * done.pictures,
        megapixels_per_second=pixels / 1e6,
    )


class JobProgress:
    """Counts finished pictures, estimates the time left, and reports both.

    Args:
        database: how far it is.
        tell: is called with how far it is.
    """

    def __init__(self, database: JobDatabase, tell: Callable[[Status], None]) -> None:
        self.folder, self.counts, self.tell = database.folder, database.counts(), tell
        self.rate = 0.0
        self.begun, self.pictures, self.pixels = time.perf_counter(), 0, 0
        self.planned = _pixels_left(self.counts)

    @property
    def left(self) -> int:
        """Pictures that are not finished."""
        return sum(self.counts.get(state, StateCount()).pictures for state in UNFINISHED)

    def expect(self, rate: float) -> None:
        """So many LR pixels per second are expected."""
        self.rate = rate

    def report(self, record: PictureRecord | None) -> None:
        """A picture is done or failed; None: nothing new."""
        if record is not None:
            pixels = record.height * record.width
            self._move("waiting", -1, -pixels)
            self._move(record.state, 1, pixels)
            self.pictures, self.pixels = self.pictures + 1, self.pixels + pixels
        elapsed = max(1e-9, time.perf_counter() - self.begun)
        self.tell(
            Status(
                folder=self.folder,
                counts=dict(self.counts),
                running=True,
                seconds_left=self._seconds_left(elapsed),
                pictures_per_second=self.pictures / elapsed,
                megapixels_per_second=self.pixels / elapsed / 1e6,
                last=record,
            )
        )

    def _seconds_left(self, elapsed: float) -> float | None:
        """By pixels, or, where no header was read, by pictures; None: nobody can tell yet."""
        if not self.planned:
            return elapsed * self.left / self.pictures if self.pictures else None
        done = self.pixels + self.rate * _FIRST_SECONDS
        pixels = max(0, self.planned - self.pixels)
        return pixels * (elapsed + _FIRST_SECONDS) / done if done else None

    def _move(self, state: str, pictures: int, pixels: int) -> None:
        before = self.counts.get(state, StateCount())
        self.counts[state] = StateCount(before.pictures + pictures, before.pixels + pixels)


def _pixels_left(counts: Mapping[str, StateCount]) -> int:
    return sum(counts[state].pixels for state in UNFINISHED if state in counts)
