"""A job from its beginning to its end, as often as it is stopped in between."""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from hatsr import checkpoint, image
from hatsr.batch.books import Begun, Books, keeping, locked
from hatsr.batch.local import Assignment, Crew
from hatsr.batch.outputs import Output, check_folder_name, check_output
from hatsr.batch.planning import check_places, input_root, plan
from hatsr.batch.status import Pace, Status, read_status
from hatsr.batch.summary_page import write_summary
from hatsr.inference.choosing import Chooser, open_upscaler
from hatsr.inference.settings import Settings
from hatsr.inference.tiling.memory import LEAST_BUDGET
from hatsr.inference.upscaler import Upscaler

_SAMPLE_SIDE = 64
"""LR pixels along the picture that the network's speed is measured on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be done with every picture. All but `existing` must stay when a job goes on."""

    model: str | None = None
    """As `hatsr.load` takes it; None: the shipped weights that each picture needs."""
    overrides: Mapping[str, object] = field(default_factory=dict)
    denoise: float | None = None
    """0 to 1, between the weights for clean pictures and the real-world ones."""
    settings: Settings = field(default_factory=Settings)
    output: Output = field(default_factory=Output)
    """Its place is a folder."""
    max_pixels: int = image.MAX_PIXELS
    """Largest picture to accept, height x width."""

    def options(self) -> dict[str, object]:
        """What results depend on, for the books."""
        return {
            "model": self.model,
            "weights": self._digest(),
            "overrides": dict(self.overrides),
            "denoise": self.denoise,
            **asdict(self.settings),
            "format": self.output.ending,
            "quality": self.output.quality,
            "max pixels": self.max_pixels,
        }

    def _digest(self) -> str:
        """Of all weights that may be used."""
        scale = self.settings.scale
        names = [self.model or checkpoint.default_model(scale)]
        if self.model is None:
            names.append(checkpoint.real_world_model(scale))
        if self.denoise is not None:
            names += checkpoint.clean_and_real(names[-1]) or ()
        digest = hashlib.sha256()
        for path in sorted({checkpoint.resolve(name) for name in names}):
            digest.update(path.read_bytes())
        return digest.hexdigest()


@runtime_checkable
class JobWatch(Protocol):
    """Is told how far a job has come."""

    def planning(self, count: int) -> None:
        """So many pictures were looked at."""
        ...

    def working(self, status: Status) -> None:
        """The work goes on, or ends; called at least twice a second."""
        ...


def run_job(
    source: Path,
    folder: Path,
    job: Job,
    watch: JobWatch,
    *,
    workers: int | None = None,
    retry_failed: bool = False,
) -> Status:
    """Enlarge the pictures of a folder or a manifest, or go on with it where it was stopped.

    A picture that fails costs no other. When the process is killed, whatever the moment, nothing
    is lost or left half-written, and a further call does only what is not done yet.

    Args:
        source: a folder with subfolders, or a manifest: a text file with a path on each line.
        folder: gets the results, in the same subfolders, the books and a summary page.
        job: what is to be done with every picture.
        watch: is told how far it has come.
        workers: processes; by default one for each core, or fewer where the memory wants it; one
            for a device other than a CPU.
        retry_failed: do what failed again.

    Raises:
        ValueError: wrong usage: places or options that cannot be, or not those of the job that the
            folder holds.
        BlockingIOError: another process works on the folder.
        OSError: the input cannot be read, or the output not be written.
    """
    check_folder_name(folder)
    check_places(source, folder)
    output = replace(job.output, place=folder)
    check_output(output, [])
    opened = open_upscaler(job.model, job.settings, job.overrides, job.denoise)
    upscaler = opened.clean if isinstance(opened, Chooser) else opened
    folder.mkdir(parents=True, exist_ok=True)
    with keeping(folder), locked(folder), Books(folder, create=True) as books:
        budget = _take_up(books, source.resolve(), job)
        plan(books, source, output, f"_x{upscaler.factor:g}", watch.planning)
        if retry_failed:
            books.retry_failed()
        count = workers or default_workers(upscaler, books.largest(), budget)
        assignment = _assignment(source, folder, job, budget // count, max(1, cores() // count))
        pace = Pace(books, count * measured_rate(upscaler, assignment.threads), watch.working)
        del opened, upscaler  # workers have their own
        stopped = ""
        try:
            if pace.left:
                stopped = Crew(assignment, books, pace.report).work(min(count, pace.left))
        finally:
            with suppress(sqlite3.Error, OSError):  # a full disk: the next call settles it
                books.give_back()
                write_summary(books)
        return replace(read_status(folder), running=False, stopped=stopped)


def _take_up(books: Books, source: Path, job: Job) -> int:
    """Begin a job, or go on with it; returns the memory for all workers, bytes.

    Raises:
        ValueError: the folder holds another job.
    """
    options = json.loads(json.dumps(job.options()))
    found = books.job()
    if found is None:
        budget = job.settings.budget()
        books.set_job(Begun(source, options, budget))
        return budget
    theirs = {"input": str(found.source), **found.options}
    ours = {"input": str(source), **options}
    changed = [f"{key} {theirs[key]} -> {ours[key]}" for key in ours if theirs[key] != ours[key]]
    if changed:
        raise ValueError(
            f"output must be that of the same job, got {books.folder} with other options "
            f"({'; '.join(changed)}); give another output"
        )
    books.give_back()
    books.await_lost()
    return found.budget


def _assignment(source: Path, folder: Path, job: Job, memory: int, threads: int) -> Assignment:
    """What workers must know; pictures get `memory` bytes unless the job says how much."""
    settings = job.settings
    if settings.memory is None:
        settings = replace(settings, memory=max(memory, LEAST_BUDGET))
    return Assignment(
        folder=folder,
        root=input_root(source),
        model=job.model,
        overrides=job.overrides,
        denoise=job.denoise,
        settings=settings,
        quality=job.output.quality,
        max_pixels=job.max_pixels,
        threads=threads,
    )


def default_workers(upscaler: Upscaler, largest: tuple[int, int], budget: int) -> int:
    """One for each core, or as many as the largest picture lets; one for other devices.

    Args:
        upscaler: makes the pixels.
        largest: height and width, LR pixels.
        budget: memory for all of them, bytes.
    """
    if upscaler.settings.device != "cpu":
        return 1
    return max(1, min(cores(), budget // max(1, upscaler.bytes_needed(*largest))))


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
