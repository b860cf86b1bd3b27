"""Worker processes on this machine: started, listened to, and replaced when they die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, cast

from hatsr.batch.bookkeeping.entries import Entry, Returned
from hatsr.batch.crews.crew import TICK_SECONDS
from hatsr.batch.crews.dispatch import UNDER_WAY, Assignment, Dispatch

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess

_WORKER = "hatsr.batch.crews.worker"
"""Module that takes long to import."""


def context() -> ForkServerContext | SpawnContext:
    """How processes are started: as copies of one that has imported what they need, if possible.

    That one is young, so that no thread of this process or of PyTorch is in the copies.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([_WORKER])
    return found


def warm_up() -> None:
    """Let the process that workers will be copies of import what they need, beside this one."""
    if context().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


class LocalCrew:
    """The workers of a job; they are started on entering, and none is left on leaving.

    Args:
        assignment: what all know.
        dispatch: of the job.
        count: how many there are.
    """

    def __init__(self, assignment: Assignment, dispatch: Dispatch, count: int) -> None:
        self.assignment, self.dispatch, self.count = assignment, dispatch, count
        self.workers: dict[Connection, tuple[int, BaseProcess]] = {}
        self._ready, self._dismissed = set[Connection](), set[Connection]()
        self._dead = list[Connection]()
        self._started, self.stopped = 0, ""

    def __enter__(self) -> LocalCrew:
        for _ in range(self.count):
            self._start()
        return self

    def __exit__(self, *trouble: object) -> None:
        for _, process in self.workers.values():
            process.kill()
        for line, (_, process) in self.workers.items():
            process.join()
            line.close()

    def is_at_work(self) -> bool:
        """See `Crew`."""
        return bool(self.workers)

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = context().Process(target=run_worker, args=(self.assignment, theirs))
        process.start()
        theirs.close()
        self._started += 1
        self.workers[cast(Connection, ours)] = self._started, process

    def feed(self) -> None:
        """See `Crew`; who has none, and gets none, may go."""
        able = self._ready - self._dismissed
        for most in range(1, UNDER_WAY + 1):
            for line in able:
                entry = self.dispatch.hand_out(self.workers[line][0], most)
                if entry is not None:
                    _send(line, entry)
        for line in able:
            if not self.dispatch.under_way(self.workers[line][0]):
                self._dismissed.add(line)
                _send(line, None)

    def hear(self) -> list[Returned]:
        """See `Crew`."""
        made = list[Returned]()
        for line in cast(Sequence[Connection], wait(list(self.workers), TICK_SECONDS)):
            try:
                while line.poll():
                    said: Returned | None = line.recv()
                    made += [said] if said else []
                    self._ready.add(line)
            except (EOFError, OSError):
                self._dead.append(line)
        return made

    def bury(self) -> None:
        """See `Crew`."""
        while self._dead:
            self._bury(self._dead.pop())

    def _bury(self, line: Connection) -> None:
        """A worker has ended. If it died, what it had under way is tried once more, by another.

        One that cannot begin ends the job, unless it was killed while others are at work.
        """
        number, process = self.workers.pop(line)
        line.close()
        process.join()
        was_killed = (process.exitcode or 0) < 0
        if line not in self._ready and not (was_killed and self._ready):
            self.stopped = f"a worker ended before it began, with code {process.exitcode}"
        elif line not in self._dismissed and self.dispatch.lost(number):
            self._start()
        self._ready.discard(line)


def _send(line: Connection, entry: Entry | None) -> None:
    try:
        line.send(entry)
    except OSError:  # the worker is dead, which will be heard
        return


def run_worker(assignment: Assignment, line: Connection) -> None:
    """What a worker's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the first process
    threading.Thread(target=end_with_parent, daemon=True).start()

    from hatsr.batch.crews.worker import Worker

    talking = threading.Lock()

    def work(entry: Entry) -> None:
        try:
            made = worker.work(entry)
        except BaseException:  # a fault of ours: the first process sees that this one died
            traceback.print_exc()
            os._exit(1)
        with talking:
            line.send(made)

    with Worker(assignment) as worker, ThreadPoolExecutor(UNDER_WAY) as threads:
        line.send(None)  # it is ready
        while (entry := line.recv()) is not None:
            threads.submit(work, entry)


def end_with_parent() -> None:
    """Nobody works on when the first process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
