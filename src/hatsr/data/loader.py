"""Which samples make which batch, and the loader that brings them."""

import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from torch.utils.data import DataLoader, Sampler

from hatsr.container import processors
from hatsr.data.samples import Batch, PatchDataset, stack


@dataclass(frozen=True, slots=True)
class Stage:
    """From one iteration on: how large patches and batches are."""

    start: int
    """Iteration from which on the sizes hold."""
    patch: int
    """Side of an LR patch, LR pixels."""
    batch: int
    """Samples in a step, over all processes."""

    def __post_init__(self) -> None:
        if self.start < 0:
            raise ValueError(f"start must be at least 0, got {self.start}")
        if self.patch < 1 or self.batch < 1:
            raise ValueError(
                f"patch and batch must be at least 1, got {self.patch} and {self.batch}"
            )


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """The samples of every step, as a pure function of the step."""

    stages: tuple[Stage, ...]
    """Sorted by start; the first starts at 0."""
    iterations: int
    """Optimiser steps of the run."""
    processes: int = 1
    """Processes over which a batch is divided."""
    accumulate: int = 1
    """Parts in which each process takes its share of a batch."""

    def __post_init__(self) -> None:
        starts = [stage.start for stage in self.stages]
        if not starts or starts[0] != 0 or sorted(set(starts)) != starts:
            raise ValueError(f"stages must start at 0 and at rising iterations, got {starts}")
        parts = self.processes * self.accumulate
        for stage in self.stages:
            if stage.batch % parts:
                raise ValueError(
                    f"batch must be a multiple of processes x accumulate, {self.processes} x "
                    f"{self.accumulate}, got {stage.batch}"
                )

    def stage(self, step: int) -> Stage:
        """The stage that a step belongs to."""
        return max((s for s in self.stages if s.start <= step), key=lambda s: s.start)

    def first_sample(self, step: int) -> int:
        """The number of the first sample of a step."""
        ends = [stage.start for stage in self.stages[1:]] + [max(step, self.iterations)]
        pairs = zip(self.stages, ends, strict=True)
        return sum(s.batch * max(0, min(end, step) - s.start) for s, end in pairs)

    def part(self, step: int, rank: int, micro: int) -> range:
        """The samples of one part of a step, for one process."""
        size = self.stage(step).batch // (self.processes * self.accumulate)
        first = self.first_sample(step) + (micro * self.processes + rank) * size
        return range(first, first + size)


@dataclass(frozen=True, slots=True)
class PatchBatchSampler(Sampler):
    """(sample number, patch side) of every part of every step from one step on, for one process."""

    plan: SamplePlan
    start: int
    rank: int

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step in range(self.start, self.plan.iterations):
            side = self.plan.stage(step).patch
            for micro in range(self.plan.accumulate):
                yield [(number, side) for number in self.plan.part(step, self.rank, micro)]


def open_loader(
    patches: PatchDataset,
    plan: SamplePlan,
    start: int,
    rank: int,
    workers: int,
    pinned: bool = False,
) -> DataLoader[Batch]:
    """Batches from one step on, made ahead of time by worker processes.

    Args:
        patches: the samples.
        plan: which samples a step takes.
        start: the first step.
        rank: number of this process.
        workers: processes that cut patches, at most one a processor; 0 cuts them between the
            steps. No number changes what comes out.
        pinned: in memory that a GPU reads by itself, while it still computes.
    """
    workers = min(workers, processors())
    # Forked workers see the decoded pictures without a copy of them.
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    return DataLoader(
        patches,
        batch_sampler=PatchBatchSampler(plan, start, rank),
        collate_fn=stack,
        num_workers=workers,
        multiprocessing_context="fork" if workers and can_fork else None,
        prefetch_factor=4 if workers else None,
        pin_memory=pinned,
        worker_init_fn=_leave_stopping_to_the_run,
    )


def _leave_stopping_to_the_run(worker: int) -> None:
    """Ctrl-C and SIGTERM go to the whole process group: workers live on while the run is saved."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
