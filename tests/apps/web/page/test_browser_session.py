import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import gradio as gr
from web_jobs import Open, until_over
from web_tasks import Fill, Hang

from hatsr.apps.web.access.ownership import COOKIE
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import EXAMPLE, Service

pytestmark = pytest.mark.web


def session(service: Service, owner: str = "me", page: str = "tab") -> BrowserSession:
    cookies = {COOKIE: owner} if owner else {}
    return BrowserSession(service, gr.Request(cookies=cookies, session_hash=page))


async def all_of(updates: AsyncIterator[object]) -> list[object]:
    return [update async for update in updates]


def test_uploads_are_copied_under_names_of_ours(open_limited: Open) -> None:
    service, names = open_limited(), []
    hr = service.ownership.place("me", "HR.png")
    hr.write_bytes(b"hr")

    def make(copied: list[str]) -> Hang:
        names.extend(copied)
        return Hang(0)

    job = asyncio.run(session(service).submit([str(EXAMPLE), str(hr)], make))
    assert names == ["source/example.jpg", "hr/HR.png"]
    assert (job.owner, job.page, job.title) == ("me", "tab", "example.jpg")
    assert until_over(job).state == "done"
    assert (job.folder / "source/example.jpg").read_bytes() == EXAMPLE.read_bytes()
    assert (job.folder / "hr/HR.png").read_bytes() == b"hr"
    (job.folder / "hr/HR.png").unlink()
    assert hr.exists()  # the upload is not the job's


def test_nobody_gets_what_is_not_theirs(open_limited: Open) -> None:
    service = open_limited()
    mine = service.ownership.place("me", "a.png")
    mine.write_bytes(b"a")
    for owner, message in (("you", "picture must be one"), ("", "the page needs its cookie")):
        with pytest.raises(ValueError, match=message):
            asyncio.run(session(service, owner).submit([str(mine)], lambda names: Hang()))
        (told,) = asyncio.run(
            all_of(session(service, owner).one(str(mine), [], lambda names: Hang()))
        )
        assert isinstance(told, tuple)
        assert message in told[0]
        assert told[1] is None
    job = until_over(asyncio.run(session(service).submit([str(mine)], lambda names: Hang(0))))
    assert session(service).result(job.name) is job
    assert session(service).results(str) == [job]
    assert session(service).results(bytes) == []
    for owner in ("you", ""):
        assert session(service, owner).result(job.name) is None
        assert session(service, owner).results(str) == []
    job.owner = ""  # forgotten
    assert session(service, "").result(job.name) is None


def test_one_job_is_told_of_until_it_is_over(open_limited: Open) -> None:
    service = open_limited()
    (told,) = asyncio.run(all_of(session(service).one(None, [], lambda names: Hang())))
    assert isinstance(told, tuple)
    assert "Choose a picture first" in told[0]
    updates = asyncio.run(all_of(session(service).one(str(EXAMPLE), [], lambda names: Fill())))
    html, job = updates[-1]  # type: ignore[misc]
    assert isinstance(job, WebJob)
    assert job.state == "failed"
    assert "No space left on device" in html


def test_a_page_follows_one_work_of_a_kind_at_a_time(open_limited: Open) -> None:
    service = open_limited()

    async def count(last: int) -> AsyncIterator[int]:
        for number in range(last):
            await asyncio.sleep(0.01)
            yield number

    async def four() -> list[list[object]]:
        sessions = [(session(service), str), (session(service), str), (session(service), int)]
        sessions.append((session(service, page="other"), str))
        return await asyncio.gather(*(all_of(s.once(k, count(3))) for s, k in sessions))

    assert asyncio.run(four()) == [[0, 1, 2], [], [0, 1, 2], [0, 1, 2]]
    assert asyncio.run(all_of(session(service).once(str, count(2)))) == [0, 1]


def test_cancel_is_of_one_page_and_kind(open_limited: Open, tmp_path: Path) -> None:
    service = open_limited()
    jobs = [
        asyncio.run(session(service, page=page).submit([str(EXAMPLE)], lambda names: Hang(0.2)))
        for page in ("tab", "other")
    ]
    session(service, page="other").cancel(Fill)
    session(service, "you").cancel()
    session(service).cancel(Hang)
    assert [until_over(job).state for job in jobs] == ["cancelled", "done"]
