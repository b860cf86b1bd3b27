"""Hands pictures out to workers, moves their results into place, updates the job's database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hatsr.batch.database.records import PictureRecord, WorkResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hatsr.batch.database.job_database import JobDatabase
    from hatsr.batch.stores import Store
    from hatsr.inference.settings import Settings

UNDER_WAY = 3
"""Pictures that a worker has at a time: one is read, one in the network, one written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSpec:
    """What a worker must know; it is sent to its process."""

    source: Store
    results: Store
    model: str | None
    """None: the weights that each picture needs."""
    overrides: Mapping[str, object]
    denoise: float | None
    settings: Settings
    quality: int | None
    """Of results in formats that have one."""
    max_pixels: int
    """Largest picture to accept, height x width."""
    threads: int
    first_frame: bool = False
    """Of animations and documents, only the first frame or page."""


class Coordinator:
    """The one place where the database changes while workers are at work.

    A worker writes a result whole to a part file, which outlasts a loss of power. Then its stamp is
    noted in the database, then the file is moved into its place, then the database says that the
    picture is done. Whenever a job is killed, the next one knows by the stamp whether it is there.

    Args:
        database: of the job, for this thread.
        report: told what became of each picture, and None now and then.
        deaths: how often a worker dies over a picture before it counts as failed.
    """

    def __init__(
        self, database: JobDatabase, report: Callable[[PictureRecord | None], None], deaths: int = 2
    ) -> None:
        self.database, self.report, self.deaths = database, report, deaths
        self.stopped = ""
        """Why nothing can be written any more."""
        self._under_way: dict[int, dict[int, PictureRecord]] = {}

    def under_way(self, worker: int) -> int:
        """How many pictures a worker has."""
        return len(self._under_way.get(worker, ()))

    def next_picture(self, worker: int, most: int = UNDER_WAY) -> PictureRecord | None:
        """A further picture for a worker; None: it has `most`, or there is none for it.

        A suspect picture goes to a worker that has no other, so that a further death says which
        it was.
        """
        held = self._under_way.setdefault(worker, {})
        record = None if held else self.database.claim(worker, "suspect")
        is_alone = any(other.state == "running alone" for other in held.values())
        if record is None and len(held) < most and not is_alone:
            record = self.database.claim(worker)
        if record is not None:
            held[record.id] = record
        return record

    def record_results(self, made: Sequence[WorkResult]) -> None:
        """Put results into their places, and note what became of pictures.

        Raises:
            sqlite3.Error: the database cannot be kept.
            OSError: it is gone.
        """
        self.database.check_place()
        with self.database.transaction():
            for each in made:
                if each.stamp is not None:
                    self.database.record_stamp(each.record.id, each.stamp, each.record.model)
        finished = [self._commit(each) for each in made if not each.stop]
        with self.database.transaction():
            for record in finished:
                self.database.finish(record)
        for each in made:
            self.stopped = self.stopped or each.stop
            for held in self._under_way.values():
                held.pop(each.record.id, None)
        for record in finished:
            self.report(record)

    def _commit(self, made: WorkResult) -> PictureRecord:
        """Move a result into its place; returns the record with what came of it."""
        results, record = self.database.results, made.record
        if made.part is None:
            return record
        try:
            results.commit(str(record.target), made.part)
        except OSError as error:
            results.remove_parts(str(record.target))
            if results.is_stopping(error):
                self.stopped = str(error)
                return replace(record, state="waiting")
            return replace(record, state="failed", reason=str(error))
        return record

    def lost(self, worker: int) -> int:
        """A worker died: what it had is tried by another. Returns how many pictures that is."""
        self._under_way.pop(worker, None)
        return self.database.requeue_interrupted(worker, self.deaths)
