"""DI over many positions, pictures and networks: rows in a file that a second run continues."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import torch

from hatsr.attribution.rows import read_rows
from hatsr.attribution.summary import Summary, summarise
from hatsr.attribution.sweep_tasks import (
    FinishedTask,
    SweepPlan,
    SweepTask,
    all_tasks,
    belonging,
    pending,
    run_task,
)
from hatsr.evaluation import CountProgress


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepResult:
    """What a sweep found."""

    summaries: tuple[Summary, ...]
    """Of each network, over all its patches in the plan."""
    failures: Mapping[str, str]
    """Why a picture was not measured by all networks, by file."""


class Sweep:
    """A plan, and a file with the rows so far.

    A run that was stopped loses only the tasks under way (one picture with one model each).

    Raises:
        ValueError: a model cannot be loaded, or the file holds something else than rows.
    """

    def __init__(self, plan: SweepPlan, results: Path) -> None:
        """Look at every model and picture once.

        Args:
            plan: what to measure.
            results: a file of JSON lines; made where it does not exist.
        """
        self.results = results
        self.tasks, self.failures = all_tasks(plan)
        self.todo = pending(self.tasks, read_rows(results))

    @property
    def patches_to_do(self) -> int:
        """How many patches the rows so far leave to do."""
        return sum(len(task.patches) for task in self.todo)

    def run(self, workers: int = 1, progress: CountProgress | None = None) -> SweepResult:
        """Do what is left.

        Args:
            workers: processes that share the work; each gets its part of threads and memory.
            progress: told the tasks done, their total, and the picture of the last one.
        """
        failures = dict(self.failures)
        for done, finished in enumerate(self.finished(workers), 1):
            if finished.failure:
                failures[finished.task.picture] = finished.failure
            if progress is not None:
                progress(done, len(self.todo), str(finished.task.head["picture"]))
        rows = belonging(self.tasks, read_rows(self.results))
        return SweepResult(summaries=tuple(summarise(rows)), failures=failures)

    def finished(self, workers: int = 1) -> Generator[FinishedTask]:
        """What becomes of the tasks, one after the other; rows are in the file by then."""
        with self.results.open("a", encoding="utf-8") as file:
            for finished in _run(self.todo, min(workers, len(self.todo))):
                file.write("".join(json.dumps(row) + "\n" for row in finished.rows))
                file.flush()
                yield finished


def sweep(
    plan: SweepPlan,
    results: Path,
    workers: int = 1,
    progress: CountProgress | None = None,
) -> SweepResult:
    """Mean diffusion index of networks over positions and pictures: a `Sweep` in one call."""
    return Sweep(plan, results).run(workers, progress)


def _run(todo: Sequence[SweepTask], workers: int) -> Iterator[FinishedTask]:
    if workers <= 1:
        yield from map(run_task, todo)
        return
    threads = max(1, torch.get_num_threads() // workers)
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        waiting = [pool.submit(run_task, _share(task, workers)) for task in todo]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _share(task: SweepTask, workers: int) -> SweepTask:
    settings = replace(task.plan.settings, memory=task.plan.settings.memory / workers)
    return replace(task, plan=replace(task.plan, settings=settings))
