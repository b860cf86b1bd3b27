"""Many pictures: which files are meant, where results go, and getting through all of them.

`upscale` is the command of that name in one call, `run_job` is `hatsr batch`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hatsr.batch.finding import Found, PictureFile, find_pictures
from hatsr.batch.outputs import Existing, Output, check_folder_name, check_output, target_of

if TYPE_CHECKING:
    from hatsr.batch.bookkeeping.locking import is_running, locked
    from hatsr.batch.crews.local_crew import end_with_parent, warm_up
    from hatsr.batch.crews.team import BatchEngine, Team
    from hatsr.batch.job import Job, JobWatch, run_job
    from hatsr.batch.status import Status, read_status
    from hatsr.batch.upscaling import Outcome, Upscaling, Watch, upscale, upscale_files

__all__ = [
    "BatchEngine",
    "Existing",
    "Found",
    "Job",
    "JobWatch",
    "Outcome",
    "Output",
    "PictureFile",
    "Status",
    "Team",
    "Upscaling",
    "Watch",
    "check_folder_name",
    "check_output",
    "end_with_parent",
    "find_pictures",
    "is_running",
    "locked",
    "read_status",
    "run_job",
    "target_of",
    "upscale",
    "upscale_files",
    "warm_up",
]
_HOMES = {
    "BatchEngine": "crews.team",
    "Team": "crews.team",
    "warm_up": "crews.local_crew",
    "end_with_parent": "crews.local_crew",
    "is_running": "bookkeeping.locking",
    "locked": "bookkeeping.locking",
    "Job": "job",
    "JobWatch": "job",
    "run_job": "job",
    "Status": "status",
    "read_status": "status",
    "Outcome": "upscaling",
    "Upscaling": "upscaling",
    "Watch": "upscaling",
    "upscale": "upscaling",
    "upscale_files": "upscaling",
}


def __getattr__(name: str) -> object:
    """Import what needs PyTorch when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"hatsr.batch.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
