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

from hatsr.batch.database.records import PictureRecord, WorkResult
from hatsr.batch.worker_pools.coordinator import UNDER_WAY, Coordinator, WorkerSpec
from hatsr.batch.worker_pools.worker_pool import TICK_SECONDS

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess

_WORKER = "hatsr.batch.worker_pools.worker"
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
    """Start the process that workers will be copies of; it imports while this one goes on."""
    if context().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


class LocalPool:
    """A job's worker processes; as a context manager it starts and ends them.

    Args:
        spec: what all know.
        coordinator: of the job.
        count: how many there are.
    """

    def __init__(self, spec: WorkerSpec, coordinator: Coordinator, count: int) -> None:
        self.spec, self.coordinator, self.count = spec, coordinator, count
        self.workers: dict[Connection, tuple[int, BaseProcess]] = {}
        self._ready, self._dismissed = set[Connection](), set[Connection]()
        self._dead = list[Connection]()
        self._started, self.stopped = 0, ""

    def __enter__(self) -> LocalPool:
        for _ in range(self.count):
            self._start()
        return self

    def __exit__(self, *trouble: object) -> None:
        for _, process in self.workers.values():
            process.kill()
        for pipe, (_, process) in self.workers.items():
            process.join()
            pipe.close()

    def is_at_work(self) -> bool:
        """See `WorkerPool`."""
        return bool(self.workers)

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = context().Process(target=run_worker, args=(self.spec, theirs))
        process.start()
        theirs.close()
        self._started += 1
        self.workers[cast(Connection, ours)] = self._started, process

    def hand_out_pictures(self) -> None:
        """See `WorkerPool`; a worker without pictures that gets none is told to exit."""
        able = self._ready - self._dismissed
        for most in range(1, UNDER_WAY + 1):
            for pipe in able:
                record = self.coordinator.next_picture(self.workers[pipe][0], most)
                if record is not None:
                    _send(pipe, record)
        for pipe in able:
            if not self.coordinator.under_way(self.workers[pipe][0]):
                self._dismissed.add(pipe)
                _send(pipe, None)

    def receive(self) -> list[WorkResult]:
        """See `WorkerPool`."""
        made = list[WorkResult]()
        for pipe in cast(Sequence[Connection], wait(list(self.workers), TICK_SECONDS)):
            try:
                while pipe.poll():
                    message: WorkResult | None = pipe.recv()
                    made += [message] if message else []
                    self._ready.add(pipe)
            except (EOFError, OSError):
                self._dead.append(pipe)
        return made

    def replace_dead_workers(self) -> None:
        """See `WorkerPool`."""
        while self._dead:
            self._replace(self._dead.pop())

    def _replace(self, pipe: Connection) -> None:
        """Handle the exit of a worker; the pictures of one that died go to another, once.

        One that cannot begin ends the job, unless it was killed while others are at work.
        """
        number, process = self.workers.pop(pipe)
        pipe.close()
        process.join()
        was_killed = (process.exitcode or 0) < 0
        if pipe not in self._ready and not (was_killed and self._ready):
            self.stopped = f"a worker ended before it began, with code {process.exitcode}"
        elif pipe not in self._dismissed and self.coordinator.lost(number):
            self._start()
        self._ready.discard(pipe)


def _send(pipe: Connection, record: PictureRecord | None) -> None:
    try:
        pipe.send(record)
    except OSError:  # the worker is dead, which will be heard
        return


def run_worker(spec: WorkerSpec, pipe: Connection) -> None:
    """What a worker's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the first process
    threading.Thread(target=end_with_parent, daemon=True).start()

    from hatsr.batch.worker_pools.worker import Worker

    talking = threading.Lock()

    def work(record: PictureRecord) -> None:
        try:
            made = worker.work(record)
        except BaseException:  # a fault of ours: the first process sees that this one died
            traceback.print_exc()
            os._exit(1)
        with talking:
            pipe.send(made)

    with Worker(spec) as worker, ThreadPoolExecutor(UNDER_WAY) as threads:
        pipe.send(None)  # it is ready
        while (record := pipe.recv()) is not None:
            threads.submit(work, record)


def end_with_parent() -> None:
    """Nobody works on when the first process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
