"""Jobs of all users: taken in, found, cancelled, forgotten."""

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hatsr.apps.web.limits import BusyError, Limits
from hatsr.apps.web.queue.round_robin import RoundRobin
from hatsr.apps.web.queue.web_job import JobState, WebJob
from hatsr.apps.web.work.supervisor import JobOutcome
from hatsr.apps.web.work.work_process import Failed, Finished, JobTask


class JobQueue:
    """All jobs of a service, the results among them; safe to use from any thread.

    Args:
        root: where the jobs' folders are made.
        limits: of the queue and of what is kept.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self.root, self.limits, self.closed = root, limits, False
        self._jobs: dict[str, WebJob] = {}
        self._prepared: list[str] = []
        self._turns = RoundRobin()
        self._changed = threading.Condition(threading.RLock())

    # ------------------------------------------------------------------ users

    def submit(
        self, owner: str, title: str, prepare: Callable[[Path], JobTask], *, page: str = ""
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
        self._take_place(owner)
        name = secrets.token_urlsafe(16)
        folder = self.root / name
        try:
            folder.mkdir(mode=0o700)
            task = prepare(folder)
            job = WebJob(name=name, owner=owner, page=page, title=title, task=task, folder=folder)
            with self._changed:
                self._jobs[name] = job
                self._changed.notify_all()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            with self._changed:
                self._prepared.remove(owner)
        return job

    def _take_place(self, owner: str) -> None:
        """Keep a place for a job that is prepared.

        Raises:
            BusyError: there is none.
        """
        with self._changed:
            owners = [job.owner for job in self._jobs.values() if not job.over] + self._prepared
            if self.closed:
                raise BusyError("the server is stopping; start it again")
            if len(owners) >= self.limits.waiting:
                raise BusyError(
                    f"at most {self.limits.waiting} jobs may wait, all places are taken; "
                    "try again in a minute"
                )
            if owners.count(owner) >= self.limits.waiting_per_user:
                raise BusyError(
                    f"at most {self.limits.waiting_per_user} jobs of one user may wait; "
                    "wait for some to end"
                )
            self._prepared.append(owner)

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
            order = self._turns.order(self._waiting())
        return order.index(job) if job in order else 0

    def cancel(self, job: WebJob) -> None:
        """End a job: at once if it waits, within a second if it is at work."""
        with self._changed:
            job.cancelled.set()
            if job.state == "waiting":
                self._finish(job, "cancelled")

    def leave(self, owner: str, page: str, kind: type = object) -> None:
        """Cancel what a page of a user waits for.

        Args:
            owner: whose it is.
            page: of a browser; empty: none.
            kind: of tasks; those of other kinds go on.
        """
        with self._changed:
            for job in self.of(owner):
                if page and job.page == page and isinstance(job.task, kind) and not job.over:
                    self.cancel(job)

    def forget(self, job: WebJob) -> None:
        """Cancel a job and remove its files, now or as soon as the worker lets go of them."""
        with self._changed:
            self.cancel(job)
            job.owner = ""  # nobody sees it any more
            if job.over:
                self._remove(job)

    # ------------------------------------------------------------------ the one that does them

    def take(self) -> WebJob | None:
        """Wait for the next job; None: the service closes."""
        with self._changed:
            while not self.closed:
                order = self._turns.order(self._waiting())
                if order:
                    job = order[0]
                    job.state, job.started = "running", time.monotonic()
                    self._turns.take(job.owner)
                    return job
                self._changed.wait()
        return None

    def end(self, job: WebJob, outcome: JobOutcome) -> None:
        """Note what has become of a job."""
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

    def close(self) -> None:
        """Take no more jobs, and end all."""
        with self._changed:
            self.closed = True
            for job in self._jobs.values():
                job.cancelled.set()
            self._changed.notify_all()

    # ------------------------------------------------------------------ inside

    def _waiting(self) -> list[WebJob]:
        return [job for job in self._jobs.values() if job.state == "waiting"]

    def _finish(self, job: WebJob, state: JobState) -> None:
        """A job is over; without a result nothing of it stays on disk."""
        job.state, job.ended = state, time.monotonic()
        if not job.owner:
            self._remove(job)
        elif state != "done":
            shutil.rmtree(job.folder, ignore_errors=True)

    def _remove(self, job: WebJob) -> None:
        self._jobs.pop(job.name, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _drop_oldest(self) -> None:
        """Keep no more results than the disk may hold."""
        kept = [job for job in self._jobs.values() if job.over]
        sizes = {job.name: job.bytes for job in kept}
        total = sum(sizes.values())
        for number, job in enumerate(kept[:-1]):
            if total <= self.limits.kept_bytes and len(kept) - number <= self.limits.kept_jobs:
                return
            total -= sizes[job.name]
            self.forget(job)
