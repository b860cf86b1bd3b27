"""Who does the work of a job: how many workers, where, with how many threads."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from hatsr.batch.bookkeeping.books import Books
from hatsr.batch.bookkeeping.entries import Count, Entry
from hatsr.batch.crews.crew import Crew
from hatsr.batch.crews.dispatch import Assignment, Dispatch
from hatsr.batch.crews.local_crew import LocalCrew
from hatsr.container import processors
from hatsr.inference.upscaler import Upscaler

BatchEngine = Literal["local", "ray"]
"""Processes on this machine, or actors of Ray on a cluster."""
_SAMPLE_SIDE = 32
"""LR pixels along the picture that the network's speed is measured on."""
_FEW = 3
"""Pictures for each worker at least: with fewer, most would wait for the last ones at the end."""
_LARGE = 2**18
"""LR pixels in the mean from which threads that share a picture are as fast as workers of one
thread, which get into each other's way in the caches (`benchmarks/batch.py large`)."""
_THREADS_OF_LARGE = 8
"""Of a worker with such pictures; more would wait for the one that writes its results."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """Who does the work.

    Raises:
        ValueError: GPUs that nobody hands out.
    """

    engine: BatchEngine = "local"
    workers: int | None = None
    """None: one for each core, or fewer where the memory, few pictures or large ones want it; on a
    cluster as many as it holds."""
    threads: int | None = None
    """Of each worker; None: its share of the cores here, one on a cluster."""
    gpus: float = 0.0
    """Of each worker on a cluster; workers may share one."""

    def __post_init__(self) -> None:
        """Check what goes together."""
        if self.gpus and self.engine != "ray":
            raise ValueError(
                f"GPUs for each worker must go with the engine ray, got {self.gpus:g} for "
                f"{self.engine}; choose a device"
            )


def share_out(team: Team, upscaler: Upscaler, books: Books, budget: int) -> tuple[int, int]:
    """Workers, and threads of each; no workers: as many as a cluster holds.

    Args:
        team: what was asked for.
        upscaler: makes the pixels.
        books: with the pictures that wait.
        budget: memory for all workers here, bytes.
    """
    if team.engine == "ray":
        return team.workers or 0, team.threads or 1
    waiting = books.counts().get("waiting", Count())
    are_large = waiting.pixels >= _LARGE * max(1, waiting.pictures)
    most = default_workers(upscaler, books.largest(), budget)
    apart = processors() // (team.threads or (_THREADS_OF_LARGE if are_large else 1))
    workers = team.workers or max(1, min(most, apart, waiting.pictures // _FEW))
    return workers, team.threads or max(1, processors() // workers)


def default_workers(upscaler: Upscaler, largest: tuple[int, int], budget: int) -> int:
    """One for each processor, or as many as the largest picture lets; one for other devices.

    Args:
        upscaler: makes the pixels.
        largest: height and width, LR pixels.
        budget: memory for all of them, bytes.
    """
    if upscaler.settings.device != "cpu":
        return 1
    return max(1, min(processors(), budget // max(1, upscaler.bytes_needed(*largest))))


def measured_rate(upscaler: Upscaler, threads: int) -> float:
    """LR pixels per second of the network, on a small picture with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    lr = torch.rand(1, upscaler.network.channels, _SAMPLE_SIDE, _SAMPLE_SIDE)
    try:
        seconds = []
        for _ in range(2):  # the first one warms up
            start = time.perf_counter()
            upscaler.enlarge(lr)
            seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return _SAMPLE_SIDE**2 / min(seconds)


def open_crew(
    team: Team,
    workers: int,
    assignment: Assignment,
    books: Books,
    report: Callable[[Entry | None], None],
) -> Crew:
    """The workers of a team, not yet started.

    Args:
        team: which engine.
        workers: how many.
        assignment: what they must know.
        books: of the job.
        report: told what became of each picture, and None now and then.

    Raises:
        ValueError: the engine's package is not installed.
    """
    if team.engine == "local":
        return LocalCrew(assignment, Dispatch(books, report), workers)
    from hatsr.batch.crews.ray_crew import DEATHS, RayCrew

    return RayCrew(assignment, Dispatch(books, report, DEATHS), workers, team.gpus)
