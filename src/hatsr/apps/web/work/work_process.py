"""The process in which all work is done: it can be stopped, watched and replaced."""

import errno
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from hatsr.apps.web.limits import LimitError, Limits
from hatsr.apps.web.work.model_cache import ModelCache, ModelInfo

FailureCause = Literal["wrong", "too large", "memory", "broken"]
"""What is to blame: what was asked for, its size, the lack of memory or disk, or the program."""
SOURCE = "source"
"""Folder of a job's own folder for the picture that it gets, whose name may be any."""
STOP = None
"""What the server sends to end a task early."""
_TOO_LARGE = "size must be at most"
"""How the codecs refuse a picture whose header Pillow does not read."""
_PAUSE = 0.1
"""Seconds between two reports of progress."""


class JobStoppedError(Exception):
    """The user has cancelled; no `RuntimeError`, which a batch takes for a bad picture."""


@dataclass(frozen=True, slots=True)
class Ready:
    """First message of a worker."""

    models: tuple[ModelInfo, ...]
    """The models that the worker can run."""
    remarks: tuple[str, ...]
    """Files of the models folder that it cannot, and why."""


@dataclass(frozen=True, slots=True)
class ProgressMessage:
    """The worker's message of a job's progress."""

    fraction: float
    """Fraction of the work that is done."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A job is done."""

    result: Any
    """What its task returned."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A job has ended without a result."""

    message: str
    """As the command line says it."""
    fault: FailureCause = "wrong"
    """What is to blame."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A job has ended because it was told to."""


@runtime_checkable
class JobTask(Protocol):
    """Something to do, sent to the worker as it is."""

    def run(
        self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]
    ) -> object:
        """Do it; files are read and written in `folder`."""
        ...


def work(pipe: Connection, limits: Limits, models: Path | None) -> None:
    """Do tasks that come through a pipe, one after the other, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes the pipe
    threading.Thread(target=_end_with_server, daemon=True).start()
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        model_cache = ModelCache(limits, models)
        pipe.send(Ready(model_cache.models(), model_cache.remarks))
        while True:
            order = pipe.recv()
            if order is not STOP:  # which came too late
                task, folder = order
                pipe.send(_attempt(task, folder, model_cache, _Reporter(pipe)))
    except (EOFError, BrokenPipeError):  # the server is gone
        return


def _end_with_server() -> None:
    """Work for a server that was killed is for nobody."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def _attempt(
    task: JobTask, folder: Path, model_cache: ModelCache, progress: Callable[[float], None]
) -> Finished | Failed | Stopped:
    """Do one task; whatever goes wrong is told."""
    try:
        return Finished(task.run(model_cache, folder, progress))
    except JobStoppedError:
        return Stopped()
    except LimitError as error:
        return Failed(str(error), "too large")
    except MemoryError as error:
        return Failed(str(error) or "out of memory; try a smaller picture", "memory")
    except (ValueError, OSError) as error:
        message = str(error).replace(f"{folder}{os.sep}", "").replace(f"{SOURCE}{os.sep}", "")
        return Failed(message, _blame(error))
    except EOFError:
        raise
    except Exception as error:
        traceback.print_exc()
        return Failed(f"{type(error).__name__}: {error}; this is a fault of hatsr", "broken")


def _blame(error: ValueError | OSError) -> FailureCause:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "memory"
    return "too large" if _TOO_LARGE in str(error) else "wrong"


class _Reporter:
    """Tells the server how far a task is, not too often, and hears whether to stop."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.told = pipe, 0.0

    def __call__(self, fraction: float) -> None:
        """Tell a fraction.

        Raises:
            JobStoppedError: the job is cancelled.
        """
        if self.pipe.poll():
            self.pipe.recv()  # nothing but `STOP` can come now
            raise JobStoppedError
        if time.monotonic() - self.told > _PAUSE:
            self.told = time.monotonic()
            self.pipe.send(ProgressMessage(fraction))
