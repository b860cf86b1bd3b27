"""The thread that has jobs done, one at a time, in the order of the queue."""

import sys
import threading
import time

from hatsr.apps.web.queue.job_queue import JobQueue
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.work.supervisor import Supervisor

_PAUSE = 1.0
"""Seconds until another worker is tried where one does not start."""


class Dispatcher:
    """Gives jobs to the worker until the service closes.

    Args:
        jobs: the queue.
        supervisor: has the worker.
    """

    def __init__(self, jobs: JobQueue, supervisor: Supervisor) -> None:
        self.jobs, self.supervisor = jobs, supervisor
        self._thread = threading.Thread(target=self._work, name="hatsr-jobs", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (job := self.jobs.take()) is not None:
            self._run(job)
            if self.jobs.closed:
                return
            try:
                self.supervisor.restart()
            except RuntimeError as error:  # no worker: jobs fail until one starts
                if not self.jobs.closed:
                    print(error, file=sys.stderr)  # noqa: T201
                    time.sleep(_PAUSE)

    def _run(self, job: WebJob) -> None:
        def progress(fraction: float) -> None:
            job.fraction = fraction

        outcome = self.supervisor.run(job.task, job.folder, progress, job.cancelled)
        self.jobs.end(job, outcome)

    def close(self) -> None:
        """End all work and the worker."""
        self.jobs.close()
        self._thread.join(5)
        self.supervisor.close()
