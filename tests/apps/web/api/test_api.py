"""The API and what stands before it, by requests to `hatsr web` as it is started."""

import re
import shlex
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
from web_servers import Server

from hatsr.apps.cli import cli

pytestmark = pytest.mark.web
ROOT = Path(__file__).parents[4]


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
        ({"scale": "4", "denoise": "0.5"}, ["--scale", "4", "--denoise", "0.5"]),
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
        ({"denoise": "2"}, 422, "denoise must be from 0 to 1, got 2"),
        ({"denoise": "1", "model": "net.safetensors"}, 422, "denoise must go with shipped weights"),
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


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/api/health", 405, "method of /api/health must be GET, got POST"),
        ("DELETE", "/api/models", 405, "method of /api/models must be GET, got DELETE"),
        ("GET", "/api/upscale", 405, "method of /api/upscale must be POST, got GET"),
        ("OPTIONS", "/api/upscale", 405, "method of /api/upscale must be POST, got OPTIONS"),
        ("PUT", "/api/", 405, "method of /api/ must be GET, got PUT"),
        ("GET", "/api/nothing", 404, "there is no /api/nothing here"),
        ("POST", "/api/upscale/", 404, "there is no /api/upscale/ here"),
    ],
)
def test_wrong_methods_and_addresses(
    server: Server, method: str, path: str, status: int, message: str
) -> None:
    answer = httpx.request(method, server.url + path)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(message)
    if status == 405:
        assert answer.headers["allow"] in message


def test_no_option_is_passed_over_in_silence(server: Server, small: Path) -> None:
    files = [("file", ("x.png", small.read_bytes())), *2 * [("scale", (None, "2"))]]
    answer = httpx.post(f"{server.url}/api/upscale", files=files)
    assert (answer.status_code, answer.json()["error"]) == (422, "scale must be given once, got 2")
    answer = httpx.post(f"{server.url}/api/upscale?scale=2", files=files[:1])
    message = "scale must be a field of the form, got it in the address"
    assert (answer.status_code, answer.json()["error"]) == (422, message)


def test_a_clip_is_refused(server: Server, small: Path) -> None:
    answer = post(server, small, "clip.mp4")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("picture must be no clip, got clip.mp4")


def test_a_request_without_a_file(server: Server) -> None:
    address = f"{server.url}/api/upscale"
    for answer in (
        httpx.post(address, data={"x": "1" * 10**4}),
        httpx.post(address, content=b"x"),
        httpx.post(address, files={"other": b"x"}),
    ):
        assert answer.status_code == 400
        assert answer.json() == {"error": "file must be a picture in a multipart form"}


def test_fields_are_few_and_short(server: Server, small: Path) -> None:
    address, file = f"{server.url}/api/upscale", {"file": ("x.png", small.read_bytes())}
    for data in ({"model": "x" * 10**5}, {f"x{number}": "1" for number in range(100)}):
        answer = httpx.post(address, files=file, data=data)
        assert answer.status_code == 400
        assert "error" in answer.json()


@pytest.mark.parametrize("name", ["result", "before.png", "after.png", "source"])
def test_names_of_files_may_be_ours(server: Server, small: Path, name: str) -> None:
    answer = post(server, small, name, model="net.safetensors")
    assert answer.status_code == 200, answer.text
    stem = Path(name).stem
    assert answer.headers["content-disposition"] == f'attachment; filename="{stem}_x2.png"'


@pytest.mark.parametrize("name", ["../../../x.png", "/etc/x.png", "..\\x.png", "\x00.png", "\r\nx"])
def test_names_of_files_lead_nowhere(server: Server, small: Path, name: str) -> None:
    answer = post(server, small, name, model="net.safetensors")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert re.search(r"filename\*?=\S*_x2.png", answer.headers["content-disposition"])
    assert left(server) == []
    assert not list(server.temporary.parent.glob("*.png"))


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


def test_many_small_requests(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client, ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: client.get("/api/health").status_code, range(200))
        assert set(answers) == {200}


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
