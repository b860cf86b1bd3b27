"""Uploads of the page, each for its own browser."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from web_servers import Server

from hatsr.apps.web.access.addresses import UPLOAD, UPLOAD_PROGRESS
from hatsr.apps.web.access.ownership import COOKIE, Ownership
from hatsr.apps.web.access.uploads import add_uploads
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.queue.job_queue import JobQueue

pytestmark = pytest.mark.web


def test_uploads_have_an_owner(server: Server) -> None:
    files = [("files", ("../a.png", b"a")), ("files", ("b.png", b"b"))]
    address = f"{server.url}/gradio_api/upload"
    assert httpx.post(address, files=files).status_code == 403
    cookies = {"cookie": f"{COOKIE}=me"}
    paths = [Path(path) for path in httpx.post(address, files=files, headers=cookies).json()]
    assert [path.name for path in paths] == ["a.png", "b.png"]
    assert all(path.is_relative_to(server.temporary) for path in paths)
    read = f"{server.url}/gradio_api/file={paths[0]}"
    assert httpx.get(read, headers=cookies).content == b"a"
    assert httpx.get(read, headers={"cookie": f"{COOKIE}=you"}).status_code == 404
    assert httpx.get(f"{read}%3F/../../x", headers=cookies).status_code == 404


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Of an application that takes uploads of 100 bytes, two at a time."""
    limits = Limits(memory=4 * 10**9, upload_bytes=100, waiting_per_user=2)
    (tmp_path / "uploads").mkdir()
    app = FastAPI()
    jobs = JobQueue(tmp_path / "jobs", limits)
    add_uploads(app, Ownership(jobs, tmp_path / "uploads"), limits)
    with TestClient(app, cookies={COOKIE: "me"}) as opened:
        yield opened


def files_of(*sizes: int) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{size}.png", bytes(size))) for size in sizes]


def test_a_file_that_is_too_large_keeps_out_all(client: TestClient, tmp_path: Path) -> None:
    answer = client.post(UPLOAD, files=files_of(100, 101))
    assert answer.status_code == 413
    assert not list((tmp_path / "uploads").iterdir())
    paths = [Path(path) for path in client.post(UPLOAD, files=files_of(100, 7)).json()]
    assert [path.stat().st_size for path in paths] == [100, 7]
    assert len({path.parent for path in paths}) == 2


def test_more_files_than_jobs_may_wait_are_refused(client: TestClient, tmp_path: Path) -> None:
    answer = client.post(UPLOAD, files=files_of(1, 2, 3))
    assert answer.status_code == 400
    assert "Maximum number of files is 2" in answer.text
    assert not list((tmp_path / "uploads").iterdir())


def test_a_full_disk_leaves_no_half_of_a_file(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: BinaryIO, target: BinaryIO) -> None:
        target.write(source.read(10))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        client.post(UPLOAD, files=files_of(50))
    assert not list((tmp_path / "uploads").iterdir())


def test_of_an_upload_only_its_end_is_told(client: TestClient) -> None:
    answer = client.get(UPLOAD_PROGRESS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == 'data: {"msg": "done"}\n\n'
