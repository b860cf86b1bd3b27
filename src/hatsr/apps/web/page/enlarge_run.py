"""What the tab Enlarge starts: a job for each picture, and an archive of what they give."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.page import wording
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.enlarge_options import make_task
from hatsr.apps.web.queue.web_job import WebJob


async def submit(
    session: BrowserSession, files: Sequence[str], chosen: Sequence[str]
) -> tuple[list[WebJob], str]:
    """Put a job for each picture into the queue.

    Args:
        session: who wants them.
        files: uploads of this browser.
        chosen: values of the options.

    Returns:
        The jobs, and what the page must say of those that were not taken.
    """
    jobs: list[WebJob] = []
    if not files:
        return jobs, wording.problem("Choose a picture first, or try the example.")
    try:
        for file in files:
            jobs.append(await session.submit([file], lambda names: make_task(names[0], *chosen)))
    except (ValueError, BusyError, OSError) as error:
        left = len(files) - len(jobs)
        more = f" ({left} of {len(files)} pictures were not taken)" if len(files) > 1 else ""
        return jobs, wording.problem(f"{error}{more}")
    return jobs, ""


async def follow(session: BrowserSession, jobs: Sequence[WebJob]) -> AsyncIterator[str]:
    """Tell how jobs go until all are over."""
    async for _ in session.watch(jobs):
        yield wording.status(session.service.jobs, jobs)


async def zip_results(jobs: Sequence[WebJob]) -> Path:
    """The files of several jobs in one, which lies in the folder of the last."""
    path = jobs[-1].folder / "enlarged.zip"
    await asyncio.to_thread(_write_zip, path, [job.folder / job.result.file for job in jobs])
    return path


def _write_zip(path: Path, files: Sequence[Path]) -> None:
    taken = set[str]()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # pictures are packed already
        for file in files:
            name, number = file.name, 2
            while name in taken:
                name, number = f"{file.stem}-{number}{file.suffix}", number + 1
            taken.add(name)
            archive.write(file, name)
