"""One tab of a browser, known by its cookie: the jobs that it starts, follows and may see."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from hatsr.apps.web.access.ownership import COOKIE
from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.page import wording
from hatsr.apps.web.queue.temporary_folders import safe_name
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import Service
from hatsr.apps.web.work.work_process import SOURCE, JobTask

_LOOK = 0.25
"""Seconds between two looks at a job."""


class BrowserSession:
    """Submits jobs for one tab of a browser, and sees only what is this browser's.

    Args:
        service: what runs.
        request: of the tab.
    """

    def __init__(self, service: Service, request: gr.Request) -> None:
        self.service = service
        self.owner = request.cookies.get(COOKIE, "")
        self.page = request.session_hash or ""

    async def submit(self, files: Sequence[str], make: Callable[[list[str]], JobTask]) -> WebJob:
        """Put a job into the queue.

        Args:
            files: uploads of this browser, copied into the job's folder.
            make: the task, for the names of these copies.

        Raises:
            ValueError: a file is not this browser's, or the browser keeps no cookie.
            BusyError: the queue is full.
        """
        if not self.owner:
            raise ValueError("the page needs its cookie; allow cookies and load it again")
        paths = [self.service.ownership.check(self.owner, file) for file in files]
        places = (SOURCE, "hr")  # there is its HR at most
        names = [
            f"{place}/{safe_name(path.name)}" for place, path in zip(places, paths, strict=False)
        ]

        def prepare(folder: Path) -> JobTask:
            for path, name in zip(paths, names, strict=True):
                (folder / name).parent.mkdir()
                _link(path, folder / name)
            return make(names)

        title = paths[0].name
        jobs = self.service.jobs
        return await asyncio.to_thread(jobs.submit, self.owner, title, prepare, page=self.page)

    async def watch(self, jobs: Sequence[WebJob]) -> AsyncIterator[bool]:
        """Tell again and again whether some jobs are all over, the last time that they are."""
        while not all(job.over for job in jobs):
            yield False
            await asyncio.sleep(_LOOK)
        yield True

    async def one(
        self, file: str | None, more: Sequence[str], make: Callable[[list[str]], JobTask]
    ) -> AsyncIterator[tuple[str, WebJob | None]]:
        """Do one job, and tell how it goes.

        Args:
            file: the picture, an upload of this browser; None: none is chosen.
            more: further uploads.
            make: the task, for the names of their copies.

        Yields:
            HTML for the page, and the job where there is one.
        """
        if not file:
            yield wording.problem("Choose a picture first, or take the example."), None
            return
        try:
            job = await self.submit([file, *more], make)
        except (ValueError, BusyError, OSError) as error:
            yield wording.problem(str(error)), None
            return
        async for _ in self.watch([job]):
            yield wording.status(self.service.jobs, [job]), job

    async def once(self, kind: type, updates: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Pass updates on, unless this page follows such work already: a double click starts one.

        Args:
            kind: of tasks.
            updates: not begun, since they begin the work.
        """
        key = (self.owner, self.page, kind)
        if key in self.service.followed:
            return
        self.service.followed.add(key)
        try:
            async for update in updates:
                yield update
        finally:
            self.service.followed.discard(key)

    def cancel(self, kind: type = object) -> None:
        """End what this page waits for, tasks of a kind."""
        self.service.jobs.leave(self.owner, self.page, kind)

    def results(self, kind: type) -> list[WebJob]:
        """The jobs of this browser that have given a result of a kind, newest first."""
        jobs = self.service.jobs.of(self.owner) if self.owner else []
        return [job for job in reversed(jobs) if isinstance(job.result, kind)]

    def result(self, name: str) -> WebJob | None:
        """The job of a name, if it is this browser's."""
        job = self.service.jobs.find(name)
        return job if job is not None and self.owner and job.owner == self.owner else None


def _link(path: Path, name: Path) -> None:
    """Another name for a file, which needs no space on the disk."""
    try:
        os.link(path, name)
    except OSError:  # the example lies elsewhere
        shutil.copyfile(path, name)
