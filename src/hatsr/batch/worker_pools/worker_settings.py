"""The workers of a job: how many workers, where, with how many threads."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, StateCount
from hatsr.batch.worker_pools.coordinator import Coordinator, WorkerSpec
from hatsr.batch.worker_pools.local_pool import LocalPool
from hatsr.batch.worker_pools.worker_pool import WorkerPool
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
class WorkerSettings:
    """How many workers there are, where they run, with how many threads and GPUs each.

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


def share_out(
    worker_settings: WorkerSettings, upscaler: Upscaler, database: JobDatabase, budget: int
) -> tuple[int, int]:
    """Workers, and threads of each; no workers: as many as a cluster holds.

    Args:
        worker_settings: what was asked for.
        upscaler: makes the pixels.
        database: with the pictures that wait.
        budget: memory for all workers here, bytes.
    """
    if worker_settings.engine == "ray":
        return worker_settings.workers or 0, worker_settings.threads or 1
    waiting = database.counts().get("waiting", StateCount())
    are_large = waiting.pixels >= _LARGE * max(1, waiting.pictures)
    most = default_workers(upscaler, database.largest(), budget)
    apart = processors() // (worker_settings.threads or (_THREADS_OF_LARGE if are_large else 1))
    workers = worker_settings.workers or max(1, min(most, apart, waiting.pictures // _FEW))
    return workers, worker_settings.threads or max(1, processors() // workers)


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
            upscaler.upscale_tensor(lr)
            seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return _SAMPLE_SIDE**2 / min(seconds)


def open_pool(
    worker_settings: WorkerSettings,
    workers: int,
    spec: WorkerSpec,
    database: JobDatabase,
    report: Callable[[PictureRecord | None], None],
) -> WorkerPool:
    """The pool of workers, not yet started.

    Args:
        worker_settings: which engine.
        workers: how many.
        spec: what they must know.
        database: of the job.
        report: told what became of each picture, and None now and then.

    Raises:
        ValueError: the engine's package is not installed.
    """
    if worker_settings.engine == "local":
        return LocalPool(spec, Coordinator(database, report), workers)
    from hatsr.batch.worker_pools.ray_pool import DEATHS, RayPool

    return RayPool(spec, Coordinator(database, report, DEATHS), workers, worker_settings.gpus)
