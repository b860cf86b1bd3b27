"""Everything that is there as long as the service runs: folder, worker, jobs, owners."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from hatsr.apps.web.access.ownership import Ownership
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.queue.dispatcher import Dispatcher
from hatsr.apps.web.queue.job_queue import JobQueue
from hatsr.apps.web.queue.temporary_folders import make_folder
from hatsr.apps.web.work.supervisor import Supervisor
from hatsr.apps.web.work.work_process import Ready

EXAMPLE = Path(__file__).with_name("example.jpg")
"""A picture to try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """What the pages and the API share."""

    root: Path
    """Temporary folder of everything."""
    limits: Limits
    """What it takes and keeps at most."""
    jobs: JobQueue
    """Jobs of all browsers, waiting, running and done."""
    dispatcher: Dispatcher
    """Runs the jobs one after the other."""
    ownership: Ownership
    """Which browser owns which file."""
    ready: Ready
    """The models that the worker can run."""
    followed: set[tuple[str, str, type]] = field(default_factory=set)
    """Browsers, their pages, and the kinds of tasks that these wait for."""

    @property
    def uploads(self) -> Path:
        """Folder of the page's uploads."""
        return self.ownership.uploads

    def close(self) -> None:
        """End all work and remove all files."""
        self.dispatcher.close()
        shutil.rmtree(self.root, ignore_errors=True)


def open_service(limits: Limits, models: Path | None) -> Service:
    """Start the worker; wait until it is ready.

    Args:
        limits: what it takes and keeps at most.
        models: folder of checkpoints beside the shipped ones.

    Raises:
        RuntimeError: the worker does not start.
    """
    root = make_folder()
    try:
        results, uploads = root / "jobs", root / "uploads"
        results.mkdir()
        uploads.mkdir()
        supervisor = Supervisor(limits, models)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    jobs = JobQueue(results, limits)
    return Service(
        root=root,
        limits=limits,
        jobs=jobs,
        dispatcher=Dispatcher(jobs, supervisor),
        ownership=Ownership(jobs, uploads, (EXAMPLE.resolve(),)),
        ready=supervisor.ready,
    )
