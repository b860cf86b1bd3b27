"""Threads among which the pieces of a layer are shared out."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

from hatsr.container import processors

Piece = TypeVar("Piece")


class Workers:
    """Threads that take the next piece of a layer whenever they are done with one.

    A piece runs in one thread from beginning to end, and threads wait for each other once a layer,
    asleep. (PyTorch's own threads get equal shares of each small operation, and spin until the
    last of them is done: where another program holds a processor, all wait for it every time.)

    Args:
        threads: so many.
        pool: they; None: the caller's own thread.
    """

    def __init__(self, threads: int = 1, pool: Executor | None = None) -> None:
        self._threads, self._pool = threads, pool

    def each(self, work: Callable[[Piece], None], pieces: Sequence[Piece]) -> None:
        """Do the work on every piece; pieces must not depend on each other.

        The caller's context variables hold for them, and inference mode.

        Raises:
            Exception: what the first piece that failed raised; the pieces after it are left.
        """
        left = deque(pieces)
        if self._pool is None or len(pieces) == 1:
            _work_off(work, left)
            return
        running = [
            self._pool.submit(copy_context().run, _work_off, work, left)
            for _ in range(min(self._threads, len(pieces)))
        ]
        try:
            wait(running)
        finally:
            left.clear()
            wait(running)  # none works on when the caller has gone on
        for future in running:
            future.result()


@torch.inference_mode()  # it belongs to a thread
def _work_off(work: Callable[[Piece], None], left: deque[Piece]) -> None:
    """Take pieces until none is left."""
    try:
        while left:
            try:
                piece = left.popleft()
            except IndexError:  # another thread took the last
                return
            work(piece)
    except BaseException:
        left.clear()
        raise


def workers_for(device: torch.device, pieces: int) -> Workers:
    """As many threads as PyTorch has here; elsewhere than on a CPU none.

    Args:
        device: where the pieces run.
        pieces: of a layer; where there are fewer than threads, a piece gets several.
    """
    threads = torch.get_num_threads()
    count = min(threads, pieces)
    alone = device.type != "cpu" or count == 1
    if alone:
        return Workers()
    return Workers(count, _pool(count, threads // count, os.getpid()))


@cache
def limit_threads() -> None:
    """Give PyTorch no more threads than a container has processors for, if nobody chose a number.

    PyTorch counts processors, not a share of their time: threads beyond it use up the share while
    they wait for each other. Done once in a process; a number set afterwards holds.
    """
    if "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > processors():
        torch.set_num_threads(processors())


@cache
def _pool(count: int, threads: int, process: int) -> Executor:
    """So many threads, each with so many of PyTorch's; kept, since they know the layers then.

    (PyTorch keeps what it prepared for a layer by thread. A process that was forked has none.)
    """
    here = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "hatsr", _limit, (threads,))
    started = Barrier(count + 1)
    for _ in range(count):
        pool.submit(started.wait)
    started.wait()
    torch.set_num_threads(here)  # theirs also became that of threads to come
    return pool


def _limit(threads: int) -> None:
    """Give this thread so many of PyTorch's."""
    torch.get_num_threads()  # first: a thread that was never asked takes what others have set
    torch.set_num_threads(threads)
