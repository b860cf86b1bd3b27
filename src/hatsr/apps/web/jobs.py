"""Jobs of all users: one at work, the others in a fair queue, the results kept for a while."""

import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hatsr.apps.web.limits import BusyError, Limits
from hatsr.apps.web.supervisor import Supervisor
from hatsr.apps.web.work_process import Failed, Finished, JobTask

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
_REMEMBERED = 1000
"""Users whose last turn is known."""


@dataclass(eq=False, kw_only=True)
class WebJob:
    """A task of a user, and what has become of it."""

    name: str
    """Secret name of its folder."""
    owner: str
    """Who may see it: a browser, or an address."""
    page: str
    """What it ends with: a tab of a browser; empty: nothing."""
    title: str
    """What it is called on the page: the picture's name."""
    task: JobTask
    """What is to be done."""
    folder: Path
    """Its files."""
    state: JobState = "waiting"
    """How far it is."""
    fraction: float = 0.0
    """Of the work, 0 to 1."""
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
        """At work so far."""
        return (self.ended or time.monotonic()) - self.started if self.started else 0.0

    @property
    def seconds_left(self) -> float | None:
        """A guess by what is done; None: too early to say."""
        if self.state != "running" or self.fraction < 0.02:
            return None
        return self.seconds * (1 - self.fraction) / self.fraction


class Jobs:
    """All jobs of a service, done one at a time by a thread of their own.

    Args:
        supervisor: has the worker.
        root: where the jobs' folders are made.
        limits: of the queue and of what is kept.
    """

    def __init__(self, supervisor: Supervisor, root: Path, limits: Limits) -> None:
        self.supervisor, self.root, self.limits = supervisor, root, limits
        self._jobs: dict[str, WebJob] = {}
        self._turns: dict[str, int] = {}
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="hatsr-jobs", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ users

    def submit(
        self,
        owner: str,
        title: str,
        prepare: Callable[[Path], JobTask],
        *,
        page: str = "",
    ) -> WebJob:
        """Put a job into the queue.

        Args:
            owner: who may see it.
            title: what to call it on the page.
            prepare: puts the files into the job's folder, and says what is to be done.
            page: the job is cancelled when this tab closes.

        Raises:
            BusyError: the queue is full.
            OSError: a file cannot be copied.
        """
        self._check_room(owner)
        name = secrets.token_urlsafe(16)
        folder = self.root / name
        folder.mkdir(mode=0o700)
        try:
            task = prepare(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        job = WebJob(name=name, owner=owner, page=page, title=title, task=task, folder=folder)
        with self._changed:
            self._jobs[name] = job
            self._changed.notify_all()
        return job

    def _check_room(self, owner: str) -> None:
        with self._changed:
            busy = [job for job in self._jobs.values() if not job.over]
            own = sum(job.owner == owner for job in busy)
            if self._closed:
                raise BusyError("the server is stopping; start it again")
            if len(busy) >= self.limits.waiting:
                raise BusyError(
                    f"at most {self.limits.waiting} jobs may wait, all places are taken; "
                    "try again in a minute"
                )
            if own >= self.limits.waiting_per_user:
                raise BusyError(
                    f"at most {self.limits.waiting_per_user} jobs of one user may wait; "
                    "wait for some to end"
                )

    def find(self, name: str) -> WebJob | None:
        """The job of a name."""
        return self._jobs.get(name)

    def busy(self) -> int:
        """How many jobs wait or run."""
        with self._changed:
            return sum(not job.over for job in self._jobs.values())

    def of(self, owner: str) -> list[WebJob]:
        """A user's jobs, oldest first."""
        with self._changed:
            return [job for job in self._jobs.values() if job.owner == owner]

    def place(self, job: WebJob) -> int:
        """How many jobs will be started before this one."""
        with self._changed:
            order = fair_order(self._waiting(), self._turns)
        return order.index(job) if job in order else 0

    def cancel(self, job: WebJob) -> None:
        """End a job: at once if it waits, within a second if it is at work."""
        with self._changed:
            job.cancelled.set()
            if job.state == "waiting":
                self._finish(job, "cancelled")

    def leave(self, page: str) -> None:
        """A tab is closed: cancel what it waits for."""
        with self._changed:
            left = [job for job in self._jobs.values() if job.page == page and not job.over]
        for job in left:
            self.cancel(job)

    def forget(self, job: WebJob) -> None:
        """Cancel a job and remove its files, now or as soon as the worker lets go of them."""
        self.cancel(job)
        with self._changed:
            if job.over:
                self._jobs.pop(job.name, None)
                shutil.rmtree(job.folder, ignore_errors=True)
            else:
                job.owner = ""  # nobody sees it any more; `_finish` removes it

    # ------------------------------------------------------------------ the thread

    def _waiting(self) -> list[WebJob]:
        return [job for job in self._jobs.values() if job.state == "waiting"]

    def _next(self) -> WebJob | None:
        """Wait for a job and take it; None: the service closes."""
        with self._changed:
            while not self._closed:
                order = fair_order(self._waiting(), self._turns)
                if order:
                    job = order[0]
                    job.state, job.started = "running", time.monotonic()
                    self._take_turn(job.owner)
                    return job
                self._changed.wait()
        return None

    def _take_turn(self, owner: str) -> None:
        latest = max(self._turns.values(), default=0)
        self._turns.pop(owner, None)
        self._turns[owner] = latest + 1
        if len(self._turns) > _REMEMBERED:
            del self._turns[next(iter(self._turns))]

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._run(job)
            if self._closed:
                return
            try:
                self.supervisor.restart()
            except RuntimeError as error:  # no worker: jobs fail until one starts
                if not self._closed:
                    print(error, file=sys.stderr)  # noqa: T201
                    time.sleep(1)

    def _run(self, job: WebJob) -> None:
        def progress(fraction: float) -> None:
            job.fraction = fraction

        outcome = self.supervisor.run(job.task, job.folder, progress, job.cancelled)
        with self._changed:
            if job.cancelled.is_set():
                self._finish(job, "cancelled")
            elif isinstance(outcome, Finished):
                job.result, job.fraction = outcome.result, 1.0
                self._finish(job, "done")
            elif isinstance(outcome, Failed):
                job.failure = outcome
                self._finish(job, "failed")
            else:
                self._finish(job, "cancelled")
            self._drop_oldest()

    def _finish(self, job: WebJob, state: JobState) -> None:
        """A job is over; without a result nothing of it stays on disk."""
        job.state, job.ended = state, time.monotonic()
        if state != "done" or not job.owner:
            shutil.rmtree(job.folder, ignore_errors=True)
        if not job.owner:
            self._jobs.pop(job.name, None)

    def _drop_oldest(self) -> None:
        """Keep no more results than the disk may hold."""
        kept = [job for job in self._jobs.values() if job.over]
        sizes = {job.name: _bytes_in(job.folder) for job in kept}
        total = sum(sizes.values())
        for number, job in enumerate(kept[:-1]):
            if total <= self.limits.kept_bytes and len(kept) - number <= self.limits.kept_jobs:
                return
            total -= sizes[job.name]
            self.forget(job)

    def close(self) -> None:
        """End everything; no job is started any more."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                job.cancelled.set()
            self._changed.notify_all()
        self._thread.join(5)
        self.supervisor.close()


def fair_order(waiting: list[WebJob], turns: dict[str, int]) -> list[WebJob]:
    """The order in which jobs will be started: users take turns, each one's jobs in order.

    Args:
        waiting: jobs by age.
        turns: when each user had the last turn; a user without one comes first.
    """
    turns, order, left = dict(turns), [], list(waiting)
    while left:
        job = min(left, key=lambda each: turns.get(each.owner, 0))
        turns[job.owner] = max(turns.values(), default=0) + 1
        order.append(job)
        left.remove(job)
    return order


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
