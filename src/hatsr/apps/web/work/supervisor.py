"""The server's side of the worker process: starts it, watches it, ends it, starts another."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from hatsr.apps.web.limits import Limits
from hatsr.apps.web.work.work_process import (
    STOP,
    Failed,
    Finished,
    JobTask,
    ProgressMessage,
    Ready,
    Stopped,
    work,
)

_GLANCE = 0.05
"""Seconds between two looks at a worker."""
_GRACE = 0.4
"""Seconds in which a worker that is told to stop must do so, before it is ended."""
_START = 120.0
"""Seconds in which a worker must have started."""

JobOutcome = Finished | Failed | Stopped


class Supervisor:
    """One worker process, always ready for the next task.

    Args:
        limits: memory and time of a task.
        models: folder of checkpoints beside the shipped ones.
    """

    def __init__(self, limits: Limits, models: Path | None) -> None:
        self.limits, self.models = limits, models
        self.ready = self._start()

    def _start(self) -> Ready:
        """Start a worker and wait until it is ready.

        Raises:
            RuntimeError: it does not start.
        """
        context = multiprocessing.get_context("spawn")  # knows nothing of the server's threads
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs, self.limits, self.models), daemon=True, name="hatsr-worker"
        )
        self._process.start()
        theirs.close()
        self._ended = False
        with suppress(EOFError, OSError):
            if self._pipe.poll(_START):
                return self._pipe.recv()
        self.close()
        raise RuntimeError(f"the worker did not start (exit code {self._process.exitcode})")

    def run(
        self,
        task: JobTask,
        folder: Path,
        progress: Callable[[float], None],
        cancelled: threading.Event,
    ) -> JobOutcome:
        """Have a task done; the worker is replaced if that ends it.

        Args:
            task: what to do.
            folder: where its files are.
            progress: told the fraction done.
            cancelled: set by another thread to end the task within a second.
        """
        try:
            self.restart()  # it may have ended while there was nothing to do
        except RuntimeError as error:
            return Failed(f"{error}; try again later", "broken")
        try:
            self._pipe.send((task, folder))
            outcome = self._watch(progress, cancelled)
        except (EOFError, OSError):
            self._process.join(_GRACE)
            outcome = Failed(
                f"the work has ended by itself (exit code {self._process.exitcode}); "
                "the server goes on, try another picture",
                "broken",
            )
            self._end()
        return outcome

    def restart(self) -> None:
        """Start another worker where the last one has ended."""
        if self._ended or not self._process.is_alive():
            self._process.join()
            self.ready = self._start()

    def _watch(self, progress: Callable[[float], None], cancelled: threading.Event) -> JobOutcome:
        """Wait for the end of a task, and see to it that there is one."""
        begun, told = time.monotonic(), None
        while True:
            if self._pipe.poll(_GLANCE):
                message = self._pipe.recv()
                if not isinstance(message, ProgressMessage):
                    return message
                progress(message.fraction)
            now = time.monotonic()
            if told is None and cancelled.is_set():
                told = now
                self._pipe.send(STOP)
            if told is not None and now - told > _GRACE:
                self._end()
                return Stopped()
            broken = self._broken_limit(now - begun)
            if broken is not None:
                self._end()
                return broken

    def _broken_limit(self, seconds: float) -> Failed | None:
        """Whether a task takes too long, or too much memory."""
        if seconds > self.limits.seconds:
            return Failed(
                f"a job must take at most {self.limits.seconds:g} s here, this one was ended; "
                "try a smaller picture or a smaller network",
                "memory",
            )
        if self.rss() > self.limits.worker_bytes:
            return Failed(
                f"a job must stay within {self.limits.memory / 1e9:g}GB here, this one was ended; "
                "try a smaller picture, or start hatsr web with more --memory",
                "memory",
            )
        return None

    def rss(self) -> int:
        """Memory that the worker has, bytes; 0: there is none."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0

    def _end(self) -> None:
        """End the worker at once; its exit, which may take a while, is not waited for."""
        self._ended = True
        self._process.kill()
        self._pipe.close()

    def close(self) -> None:
        """End the worker for good."""
        self._end()
        self._process.join()
