"""What stands before the page and the API, by requests to `hatsr web` as it is started."""

import base64
import json
import socket
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import httpx
from web_servers import Server, start_server

from hatsr.apps.web.access.ownership import COOKIE

pytestmark = pytest.mark.web


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=%2e%2e/%2e%2e/etc/passwd",
        "/gradio_api/file=http://127.0.0.1/",
        "/gradio_api/proxy=http://127.0.0.1/",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/docs",
    ],
)
def test_nothing_else_can_be_read(server: Server, path: str) -> None:
    assert httpx.get(server.url + path).status_code == 404


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"host": "evil.example"}, "host must be 127.0.0.1"),
        ({"origin": "http://evil.example"}, "requests must not come from the page of another site"),
    ],
)
def test_pages_of_other_sites_are_refused(
    server: Server, headers: dict[str, str], message: str
) -> None:
    answer = httpx.get(f"{server.url}/api/health", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith(message)


def test_too_many_bytes(server: Server) -> None:
    announced = (
        b"POST /api/upscale HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000000\r\n\r\n"
    )
    assert b"413" in say(server, [announced])
    head = announced.replace(b"content-length: 200000000", b"transfer-encoding: chunked")
    kind = b"content-type: multipart/form-data; boundary=x\r\n\r\n"
    part = b"--x\r\ncontent-disposition: form-data; name=file; filename=a\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(each), each) for each in (part, *[b"x" * 10**6] * 110)]
    assert b"413" in say(server, [head[:-2] + kind, *chunks])


def say(server: Server, parts: list[bytes]) -> bytes:
    """The first line that a server answers, even if it does not want to hear more."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 120) as line:
        for part in parts:
            try:
                line.sendall(part)
            except OSError:
                break
        return line.makefile("rb").readline()


@pytest.mark.parametrize("path", ["/etc/passwd", "/dev/zero", "http://192.0.2.1/x.png"])
def test_events_cannot_name_what_is_not_ones_own(server: Server, path: str) -> None:
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    event = {"data": [[file]], "fn_index": 0, "session_hash": "x"}
    cookies = {"cookie": f"{COOKIE}=me"}
    for address in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
        answer = httpx.post(server.url + address, json=event, headers=cookies)
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("picture must be one that you have uploaded")


def test_events_are_short(server: Server) -> None:
    event = json.dumps({"data": ["x" * 2 * 10**6]})
    assert httpx.post(f"{server.url}/gradio_api/queue/join", content=event).status_code == 413


def test_a_password_is_asked_of_everyone(tmp_path: Path, models: Path) -> None:
    with start_server(tmp_path, "--password", "geheim: ä") as server:
        for path in ("/", "/api/health", "/gradio_api/info"):
            answer = httpx.get(server.url + path)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Basic")
        wrong = base64.b64encode(b"me:wrong").decode()
        headers = {"authorization": f"Basic {wrong}"}
        assert httpx.get(f"{server.url}/", headers=headers).status_code == 401
        right = base64.b64encode("me:geheim: ä".encode()).decode()
        headers = {"authorization": f"Basic {right}"}
        assert httpx.get(f"{server.url}/api/health", headers=headers).status_code == 200
