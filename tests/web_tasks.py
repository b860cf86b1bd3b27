"""Tasks that go wrong; a worker imports them by this module's name."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hatsr.apps.web.work.model_cache import ModelCache


@dataclass(frozen=True)
class Hang:
    """Never hears that it shall stop."""

    seconds: float = 60

    def run(self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]) -> str:
        time.sleep(self.seconds)
        return "done"


@dataclass(frozen=True)
class Die:
    """Takes the worker with it."""

    def run(self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Hoard:
    """Takes memory without end."""

    def run(self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]) -> None:
        kept = []
        while True:
            kept.append(b"x" * 10**8)
            time.sleep(0.02)


@dataclass(frozen=True)
class Fill:
    """Finds no room on the disk."""

    def run(self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{folder}/source/a.png")


@dataclass(frozen=True)
class Blunder:
    """A fault of ours."""

    def run(self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]) -> None:
        raise KeyError("oh")
