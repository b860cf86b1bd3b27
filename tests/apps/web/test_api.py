"""The API and what stands before it, by requests to `hatsr web` as it is started."""

import base64
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import httpx
from web_servers import Server, start_server

from hatsr.apps.cli import cli

pytestmark = pytest.mark.web
ROOT = Path(__file__).parents[3]


def post(server: Server, picture: Path, name: str = "", **fields: str) -> httpx.Response:
    files = {"file": (name or picture.name, picture.read_bytes())}
    return httpx.post(f"{server.url}/api/upscale", files=files, data=fields, timeout=300)


def command_line(picture: Path, out: Path, *options: str) -> bytes:
    done = CliRunner().invoke(cli, ["upscale", str(picture), "-o", str(out), *options])
    assert done.exit_code == 0, done.output
    return out.read_bytes()


def left(server: Server) -> list[Path]:
    """Files that jobs have left."""
    end = time.monotonic() + 20
    while True:
        found = list(server.temporary.glob("hatsr-web-*/jobs/*"))
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def test_health_and_models(server: Server) -> None:
    health = httpx.get(f"{server.url}/api/health").json()
    assert (health["status"], health["waiting"]) == ("ok", 0)
    rows = httpx.get(f"{server.url}/api/models").json()
    assert {"name": "net.safetensors", "scale": 2, "shipped": False} in rows
    assert {"name": "hat-t-x4", "scale": 4, "shipped": True} in rows
    assert "broken.pth" not in str(rows)


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"model": "net.safetensors"}, ["-m", "{models}/net.safetensors"]),
        ({"scale": "2", "format": "webp", "quality": "70"},
         ["--scale", "2", "--format", "webp", "--quality", "70"]),
        ({"model": "net.safetensors", "scale": "1.5", "format": "jpg", "ensemble": "true"},
         ["-m", "{models}/net.safetensors", "--scale", "1.5", "--format", "jpg", "--ensemble"]),
    ],
)  # fmt: skip
def test_the_bytes_are_those_of_the_command_line(
    server: Server, models: Path, small: Path, tmp_path: Path, fields: dict[str, str],
    options: list[str],
) -> None:  # fmt: skip
    answer = post(server, small, **fields)
    assert answer.status_code == 200, answer.text
    ending = fields.get("format", "png")
    kind = {"jpg": "jpeg"}.get(ending, ending)
    assert answer.headers["content-type"] == f"image/{kind}"
    options = [option.format(models=models) for option in options]
    assert answer.content == command_line(small, tmp_path / f"out.{ending}", *options)
    assert left(server) == []


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"scale": "9"}, 422, "scale must be from 1 to 4, what hat-t-x4 makes, got 9"),
        ({"scale": "x"}, 422, "scale: Input should be a valid number"),
        ({"scal": "2"}, 422, "scal: Extra inputs are not permitted"),
        ({"model": "../../etc/passwd"}, 422, "model must be one of"),
        ({"model": "hf://a/b/c"}, 422, "model must be one of"),
        ({"format": "exe"}, 422, "format must be one of .png"),
        ({"format": "png", "quality": "0", "model": "net.safetensors"}, 200, ""),
        ({"format": "jpg", "quality": "0"}, 422, "quality must be 1 to 100, got 0"),
    ],
)
def test_wrong_options_are_told_as_by_the_command_line(
    server: Server, small: Path, fields: dict[str, str], status: int, message: str
) -> None:
    answer = post(server, small, **fields)
    assert answer.status_code == status, answer.text
    if message:
        assert answer.json()["error"].startswith(message)


def png(height: int, width: int) -> bytes:
    """A PNG whose header promises what is not there."""
    file = BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    data = bytearray(file.getvalue())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 422, "file is empty"),
        (b"<html>", 422, "file must be PNG, JPEG"),
        (b"\x89PNG\r\n\x1a\n broken", 422, ""),
        (png(9000, 9000), 413, "picture must have at most"),
        (png(60000, 60000), 413, ""),
        (png(8, 8), 422, ""),
    ],
    ids=["empty", "html", "broken", "huge", "bomb", "cut"],
)
def test_what_is_no_picture_is_refused(
    server: Server, tmp_path: Path, content: bytes, status: int, message: str
) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(content)
    answer = post(server, file)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"].startswith(message)
    assert str(server.temporary) not in answer.text
    assert left(server) == []


def test_a_request_without_a_file(server: Server) -> None:
    address = f"{server.url}/api/upscale"
    for answer in (
        httpx.post(address, data={"x": "1"}),
        httpx.post(address, content=b"x"),
        httpx.post(address, files={"other": b"x"}),
    ):
        assert answer.status_code == 400
        assert answer.json() == {"error": "file must be a picture in a multipart form"}


@pytest.mark.parametrize("name", ["../../../x.png", "/etc/x.png", "..\\x.png", "\x00.png", "\r\nx"])
def test_names_of_files_lead_nowhere(server: Server, small: Path, name: str) -> None:
    answer = post(server, small, name, model="net.safetensors")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert re.search(r"filename\*?=\S*_x2.png", answer.headers["content-disposition"])
    assert left(server) == []
    assert not list(server.temporary.parent.glob("*.png"))


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


def test_twenty_jobs_at_once_some_of_them_left(server: Server, small: Path, slow: Path) -> None:
    worker = next(
        p for p in psutil.Process(server.process.pid).children() if "spawn_main" in str(p.cmdline())
    )

    def one(number: int) -> int:
        if number % 5 == 4:
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(
                    f"{server.url}/api/upscale",
                    files={"file": ("slow.png", slow.read_bytes())},
                    timeout=httpx.Timeout(60, read=1.5),
                )
            return 0
        return post(server, small, model="net.safetensors").status_code

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(one, range(20)))
    assert codes == [0 if number % 5 == 4 else 200 for number in range(20)]
    assert left(server) == []
    assert httpx.get(f"{server.url}/api/health").json()["waiting"] == 0
    used = psutil.Process(server.process.pid).memory_info().rss
    if worker.is_running():
        used += worker.memory_info().rss
    assert used < 4 * 10**9


def test_a_thousand_small_requests(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client, ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: client.get("/api/health").status_code, range(1000))
        assert set(answers) == {200}


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


@pytest.mark.skipif(os.name == "nt", reason="signals are sent another way on Windows")
def test_a_killed_server_leaves_nothing_to_the_next(tmp_path: Path, slow: Path) -> None:
    with start_server(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(post, server, slow)
        while not list(server.temporary.glob("hatsr-web-*/jobs/*")):
            time.sleep(0.05)
        workers = psutil.Process(server.process.pid).children()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert list(server.temporary.glob("hatsr-web-*/jobs/*"))
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert not alive
    with start_server(tmp_path) as again:
        assert len(list(again.temporary.glob("hatsr-web-*"))) == 1
        assert left(again) == []
    assert not list(again.temporary.glob("hatsr-web-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "host must be 127.0.0.1 without a password, got 0.0.0.0"),
        (["--memory", "1GB"], "memory must be at least 1.25GB for the service, got 1GB"),
        (["--models", "nowhere"], "'nowhere' does not exist"),
    ],
)
def test_wrong_usage(options: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["web", *options])
    assert done.exit_code == 2
    assert message in done.output


def test_a_port_that_is_taken(server: Server) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = CliRunner().invoke(cli, ["web", "--port", port, "--memory", "2GB"])
    assert done.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in done.output


def fences(language: str) -> list[str]:
    page = (ROOT / "docs/web.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page_work(server: Server, small: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes((ROOT / "examples/astronaut.jpg").read_bytes())
    (curl,) = (line for block in fences("sh") for line in block.splitlines() if "curl -F" in line)
    words = shlex.split(curl.replace("http://127.0.0.1:7860", server.url))
    subprocess.run(
        [*words[:1], "--fail", *words[1:]], cwd=tmp_path, check=True, capture_output=True
    )
    (python,) = (block for block in fences("python") if "httpx" in block)
    code = python.replace("http://127.0.0.1:7860", server.url)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    expected = command_line(tmp_path / "photo.jpg", tmp_path / "expected.jpg")
    assert (tmp_path / "large.jpg").read_bytes() == expected
    assert (tmp_path / "large.png").read_bytes() == command_line(
        tmp_path / "photo.jpg", tmp_path / "expected.png", "--scale", "2"
    )
