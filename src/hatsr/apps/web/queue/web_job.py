"""One job of the service: what is to be done, and what has become of it."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hatsr.apps.web.work.work_process import Failed, JobTask

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(eq=False, kw_only=True)
class WebJob:
    """A task of a user, and what has become of it."""

    name: str
    """Secret name of its folder."""
    owner: str
    """Who may see it: a browser, or an address; empty: nobody any more."""
    page: str
    """What it ends with: a tab of a browser; empty: nothing."""
    title: str
    """What it is called on the page: the picture's name."""
    task: JobTask
    """What is to be done."""
    folder: Path
    """Folder of the job's files."""
    state: JobState = "waiting"
    """State of the job."""
    fraction: float = 0.0
    """Fraction of the work that is done."""
    started: float = 0.0
    """By `time.monotonic`, seconds; 0: not yet."""
    ended: float = 0.0
    """By `time.monotonic`, seconds; 0: not yet."""
    result: Any = None
    """What the task returned."""
    failure: Failed | None = None
    """Why there is no result."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    """The user wants no result."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def seconds(self) -> float:
        """How long the worker has been at it, or was."""
        return (self.ended or time.monotonic()) - self.started if self.started else 0.0

    @property
    def seconds_left(self) -> float | None:
        """A guess by what is done; None: too early to say."""
        if self.state != "running" or self.fraction < 0.02:
            return None
        return self.seconds * (1 - self.fraction) / self.fraction

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
