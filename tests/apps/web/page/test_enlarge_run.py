import asyncio
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import gradio as gr
from web_jobs import Open
from web_tasks import Hang

from hatsr.apps.web.access.ownership import COOKIE
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.enlarge_run import follow, submit, zip_results
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import EXAMPLE
from hatsr.apps.web.work.upscale_task import UpscaleTaskResult

pytestmark = pytest.mark.web
USUAL = ("net.safetensors", "The model's own", "As needed", "Normal", "PNG")


def result_of(folder: Path, name: str, content: bytes) -> WebJob:
    (folder / "result").mkdir(parents=True)
    (folder / "result" / name).write_bytes(content)
    done = UpscaleTaskResult(
        file=f"result/{name}", before="", after="", model="", reason="", lr_size=(1, 1),
        sr_size=(2, 2), seconds=1.0, notes="",
    )  # fmt: skip
    return WebJob(
        name=folder.name, owner="me", page="", title=name, task=Hang(), folder=folder, result=done
    )


def test_no_file_of_an_archive_hides_another(tmp_path: Path) -> None:
    names = ["a.png", "a-2.png", "a.png", "a.png", "b.png"]
    jobs = [
        result_of(tmp_path / str(number), name, bytes([number]))
        for number, name in enumerate(names)
    ]
    path = asyncio.run(zip_results(jobs))
    assert path.parent == jobs[-1].folder
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["a.png", "a-2.png", "a-3.png", "a-4.png", "b.png"]
        assert [archive.read(name) for name in archive.namelist()] == [bytes([n]) for n in range(5)]


def test_a_job_for_each_picture_as_long_as_there_are_places(open_limited: Open) -> None:
    service = open_limited(waiting_per_user=2)
    session = BrowserSession(service, gr.Request(cookies={COOKIE: "me"}, session_hash="tab"))

    async def both() -> tuple[list[WebJob], str, list[str]]:
        jobs, refused = await submit(session, [str(EXAMPLE)] * 3, USUAL)
        return jobs, refused, [told async for told in follow(session, jobs)]

    jobs, refused, told = asyncio.run(both())
    assert "at most 2 jobs of one user may wait" in refused
    assert "(1 of 3 pictures were not taken)" in refused
    assert [job.state for job in jobs] == ["done", "done"]
    assert "2 of 2 done" in told[-1]
    for files, chosen, message in (
        ([], USUAL, "Choose a picture first, or try the example."),
        (["/etc/passwd"], USUAL, "picture must be one that you have uploaded"),
        ([str(EXAMPLE)], ("", "twice", *USUAL[2:]), "times larger must be a number"),
    ):
        none, refused = asyncio.run(submit(session, files, chosen))
        assert none == []
        assert message in refused
        assert "not taken" not in refused
