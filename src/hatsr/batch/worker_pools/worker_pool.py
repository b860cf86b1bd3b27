"""A pool of workers, and its loop: results come in, workers are replaced, pictures handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from hatsr.batch.database.records import WorkResult
    from hatsr.batch.worker_pools.coordinator import Coordinator

TICK_SECONDS = 0.5
"""How long `WorkerPool.receive` waits at most, so that progress is told while nothing happens."""


@runtime_checkable
class WorkerPool(Protocol):
    """Worker processes or actors: entering starts them, leaving ends them all."""

    coordinator: Coordinator
    """Gives them their pictures."""
    count: int
    """Number of workers."""
    stopped: str
    """Why they cannot begin."""

    def __enter__(self) -> WorkerPool: ...

    def __exit__(self, *trouble: object) -> None: ...

    def is_at_work(self) -> bool:
        """Whether anything may be heard of a worker yet."""
        ...

    def receive(self) -> list[WorkResult]:
        """Results that workers have sent; waits a moment for the first."""
        ...

    def replace_dead_workers(self) -> None:
        """Replace workers that have died."""
        ...

    def hand_out_pictures(self) -> None:
        """Give pictures to all in turn."""
        ...


def work(pool: WorkerPool) -> str:
    """Go on until no picture waits.

    Returns:
        Why the work ended before that; empty: it did not.

    Raises:
        sqlite3.Error: the database cannot be kept.
    """
    coordinator = pool.coordinator
    while pool.is_at_work() and not (pool.stopped or coordinator.stopped):
        coordinator.record_results(pool.receive())
        pool.replace_dead_workers()
        pool.hand_out_pictures()
        coordinator.report(None)
    return pool.stopped or coordinator.stopped
