"""What stands between books and workers: hands pictures out, puts results into their places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hatsr.batch.bookkeeping.entries import Entry, Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hatsr.batch.bookkeeping.books import Books
    from hatsr.batch.stores import Store
    from hatsr.inference.settings import Settings

UNDER_WAY = 3
"""Pictures that a worker has at a time: one is read, one in the network, one written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
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


class Dispatch:
    """The one place where the books change while workers are at work.

    A result is written whole to a part file by a worker and outlasts a loss of power. Then the
    books know it by its stamp, then it is moved into its place, then the books say that it is
    done. Whatever the moment of a kill, the next call knows from the stamp whether it is there.

    Args:
        books: of the job, for this thread.
        report: told what became of each picture, and None now and then.
        deaths: how often a worker dies over a picture before it counts as failed.
    """

    def __init__(
        self, books: Books, report: Callable[[Entry | None], None], deaths: int = 2
    ) -> None:
        self.books, self.report, self.deaths = books, report, deaths
        self.stopped = ""
        """Why nothing can be written any more."""
        self._under_way: dict[int, dict[int, Entry]] = {}

    def under_way(self, worker: int) -> int:
        """How many pictures a worker has."""
        return len(self._under_way.get(worker, ()))

    def hand_out(self, worker: int, most: int = UNDER_WAY) -> Entry | None:
        """A further picture for a worker; None: it has `most`, or there is none for it.

        A suspect picture goes to a worker that has no other, so that a further death says which
        it was.
        """
        held = self._under_way.setdefault(worker, {})
        entry = None if held else self.books.claim(worker, "suspect")
        is_alone = any(other.state == "running alone" for other in held.values())
        if entry is None and len(held) < most and not is_alone:
            entry = self.books.claim(worker)
        if entry is not None:
            held[entry.id] = entry
        return entry

    def take_in(self, made: Sequence[Returned]) -> None:
        """Put results into their places, and note what became of pictures.

        Raises:
            sqlite3.Error: the books cannot be kept.
            OSError: they are gone.
        """
        self.books.check_place()
        with self.books.together():
            for each in made:
                if each.stamp is not None:
                    self.books.place(each.entry.id, each.stamp)
        settled = [self._settle(each) for each in made if not each.stop]
        with self.books.together():
            for entry in settled:
                self.books.finish(entry)
        for each in made:
            self.stopped = self.stopped or each.stop
            for held in self._under_way.values():
                held.pop(each.entry.id, None)
        for entry in settled:
            self.report(entry)

    def _settle(self, made: Returned) -> Entry:
        """Move a result into its place; returns the entry with what came of it."""
        results, entry = self.books.results, made.entry
        if made.part is None:
            return entry
        try:
            results.settle(str(entry.target), made.part)
        except OSError as error:
            results.remove_parts(str(entry.target))
            if results.is_stopping(error):
                self.stopped = str(error)
                return replace(entry, state="waiting")
            return replace(entry, state="failed", reason=str(error))
        return entry

    def lost(self, worker: int) -> int:
        """A worker died: what it had is tried by another. Returns how many that are."""
        self._under_way.pop(worker, None)
        return self.books.give_back(worker, self.deaths)
