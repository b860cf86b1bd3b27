"""Jobs of a service, for tests: what to submit, and how to wait."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import Service
from hatsr.apps.web.work.upscale_task import UpscaleTask

Open = Callable[..., Service]
"""Opens a service with some limits changed."""


def until_over(job: WebJob, seconds: float = 60) -> WebJob:
    end = time.monotonic() + seconds
    while not job.over:
        assert time.monotonic() < end, job.state
        time.sleep(0.02)
    return job


def until_running(job: WebJob) -> WebJob:
    while job.state == "waiting":
        time.sleep(0.02)
    return job


def put(picture: Path, model: str = "net.safetensors") -> Callable[[Path], UpscaleTask]:
    def prepare(folder: Path) -> UpscaleTask:
        shutil.copy(picture, folder / "in.png")
        return UpscaleTask(source="in.png", model=model)

    return prepare
