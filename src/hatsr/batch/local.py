"""Worker processes on this machine: started, listened to, and replaced when they die."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from hatsr.batch.books import Books, Entry
from hatsr.inference.settings import Settings

_TICK_SECONDS = 0.5
"""Between reports while nothing happens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """What a worker must know; it is sent to its process."""

    folder: Path
    """The output, with the books."""
    root: Path
    """What sources are relative to."""
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


class Crew:
    """The workers of a job.

    Args:
        assignment: the same for all.
        books: of the job, for this thread.
        report: told what became of each picture, and None now and then.
    """

    def __init__(
        self, assignment: Assignment, books: Books, report: Callable[[Entry | None], None]
    ) -> None:
        self.assignment, self.books, self.report = assignment, books, report
        self.workers: dict[Connection, tuple[int, BaseProcess]] = {}
        self.stopped = ""
        self._next = 1

    def work(self, count: int) -> str:
        """Go on with `count` workers until no picture waits.

        Returns:
            Why the work ended before that; empty: it did not.
        """
        try:
            for _ in range(count):
                self._start()
            while self.workers and not self.stopped:
                for line in wait(list(self.workers), _TICK_SECONDS):
                    self._hear(cast(Connection, line))
                self.report(None)
        finally:
            self._end_all()
        return self.stopped

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=run_worker, args=(self.assignment, self._next, theirs))
        process.start()
        theirs.close()
        self.workers[ours] = self._next, process
        self._next += 1

    def _hear(self, line: Connection) -> None:
        """What became of a picture, why no more can be written, or the end of the worker."""
        try:
            said: Entry | str = line.recv()
        except (EOFError, OSError):
            self._bury(line)
            return
        if isinstance(said, str):
            self.stopped = said
        else:
            self.report(said)

    def _bury(self, line: Connection) -> None:
        """A worker has ended. If it died, what it had under way is tried once more, by another."""
        number, process = self.workers.pop(line)
        line.close()
        process.join()
        if process.exitcode == 0:
            return
        if self.books.give_back(number):
            self._start()
        else:
            self.stopped = f"a worker ended before it began, with code {process.exitcode}"

    def _end_all(self) -> None:
        for _, process in self.workers.values():
            process.kill()
        for line, (_, process) in self.workers.items():
            process.join()
            line.close()


def run_worker(assignment: Assignment, number: int, line: Connection) -> None:
    """What a worker's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the first process
    threading.Thread(target=end_with_parent, daemon=True).start()
    import torch

    from hatsr.batch.worker import StoppingError, Worker
    from hatsr.inference.choosing import open_upscaler

    torch.set_num_threads(assignment.threads)
    upscaler = open_upscaler(
        assignment.model, assignment.settings, assignment.overrides, assignment.denoise
    )
    worker = Worker(upscaler, assignment, number, line.send)
    try:
        worker.run()
    except StoppingError as error:
        line.send(str(error))


def end_with_parent() -> None:
    """Nobody works on when the first process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
