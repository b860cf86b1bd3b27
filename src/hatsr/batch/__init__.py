"""Many pictures: which files are meant, where results go, and getting through all of them.

`upscale` is the command of that name in one call, `run_job` is `hatsr batch`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hatsr.batch.finding import FoundPictures, PictureFile, find_pictures
from hatsr.batch.outputs import Existing, Output, check_folder_name, check_output, target_of

if TYPE_CHECKING:
    from hatsr.batch.database.locking import is_running, locked
    from hatsr.batch.database.records import PictureRecord
    from hatsr.batch.job import Job, JobListener, run_job
    from hatsr.batch.status import Status, read_status
    from hatsr.batch.upscaling import BatchListener, Outcome, UpscaleResult, upscale, upscale_files
    from hatsr.batch.worker_pools.local_pool import end_with_parent, warm_up
    from hatsr.batch.worker_pools.worker_settings import BatchEngine, WorkerSettings

__all__ = [
    "BatchEngine",
    "BatchListener",
    "Existing",
    "FoundPictures",
    "Job",
    "JobListener",
    "Outcome",
    "Output",
    "PictureFile",
    "PictureRecord",
    "Status",
    "UpscaleResult",
    "WorkerSettings",
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
_LAZY_IMPORTS = {
    "BatchEngine": "worker_pools.worker_settings",
    "WorkerSettings": "worker_pools.worker_settings",
    "warm_up": "worker_pools.local_pool",
    "end_with_parent": "worker_pools.local_pool",
    "is_running": "database.locking",
    "locked": "database.locking",
    "PictureRecord": "database.records",
    "Job": "job",
    "JobListener": "job",
    "run_job": "job",
    "Status": "status",
    "read_status": "status",
    "Outcome": "upscaling",
    "UpscaleResult": "upscaling",
    "BatchListener": "upscaling",
    "upscale": "upscaling",
    "upscale_files": "upscaling",
}


def __getattr__(name: str) -> object:
    """Import what needs PyTorch when it is first asked for."""
    if name in _LAZY_IMPORTS:
        return getattr(import_module(f"hatsr.batch.{_LAZY_IMPORTS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
