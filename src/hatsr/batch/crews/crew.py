"""What a crew can do, and the work of any: workers are heard, replaced and fed in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from hatsr.batch.bookkeeping.entries import Returned
    from hatsr.batch.crews.dispatch import Dispatch

TICK_SECONDS = 0.5
"""How long `Crew.hear` waits at most, so that progress is told while nothing happens."""


@runtime_checkable
class Crew(Protocol):
    """Workers, started on entering; none is left on leaving."""

    dispatch: Dispatch
    """Gives them their pictures."""
    count: int
    """How many."""
    stopped: str
    """Why they cannot begin."""

    def __enter__(self) -> Crew: ...

    def __exit__(self, *trouble: object) -> None: ...

    def is_at_work(self) -> bool:
        """Whether anything may be heard of a worker yet."""
        ...

    def hear(self) -> list[Returned]:
        """What became of pictures, as soon as there is something."""
        ...

    def bury(self) -> None:
        """Replace workers that were heard to have died."""
        ...

    def feed(self) -> None:
        """Give pictures to all in turn."""
        ...


def work(crew: Crew) -> str:
    """Go on until no picture waits.

    Returns:
        Why the work ended before that; empty: it did not.

    Raises:
        sqlite3.Error: the books cannot be kept.
    """
    dispatch = crew.dispatch
    while crew.is_at_work() and not (crew.stopped or dispatch.stopped):
        dispatch.take_in(crew.hear())
        crew.bury()
        crew.feed()
        dispatch.report(None)
    return crew.stopped or dispatch.stopped
