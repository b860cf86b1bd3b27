"""Trials of `hatsr web` from outside, with figures: its page, crowds, slow clients, memory.

    python benchmarks/web_trials.py                     # all
    python benchmarks/web_trials.py crowd slow          # some

Each starts a server of its own. Needs what `make test-web` installs; `page` needs Chromium, too.
"""

import argparse
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from web_servers import Server, start_server


@contextmanager
def fresh(*options: str) -> Iterator[Server]:
    """A server with an empty temporary folder."""
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder), *options) as server:
        yield server


class Memory(threading.Thread):
    """The most that a server and its worker have taken together, by looks at short intervals."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.stopped = psutil.Process(server.process.pid), threading.Event()
        self.most_server = self.most_worker = self.most = 0
        self.start()

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            with suppress(psutil.Error):
                workers = sum(each.memory_info().rss for each in self.server.children())
                own = self.server.memory_info().rss
                self.most_server = max(self.most_server, own)
                self.most_worker = max(self.most_worker, workers)
                self.most = max(self.most, own + workers)

    def __str__(self) -> str:
        both = (self.most_server, self.most_worker, self.most)
        return "server {:.0f} MB, worker {:.0f} MB, together {:.0f} MB".format(
            *(each / 1e6 for each in both)
        )


def picture(height: int, width: int) -> bytes:
    """Smooth colours: a file of few bytes, and no reason for the real-world weights."""
    rows, columns = np.mgrid[:height, :width]
    rgb = np.stack([rows * 255 // height, columns * 255 // width, 0 * rows], 2).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(rgb).save(file, "png")
    return file.getvalue()


def post(
    server: Server, content: bytes, seconds: float = 600, address: str = "127.0.0.1", **fields: str
) -> int:
    """Status of an answer; 0: the client, at an address, went away before it."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(timeout=httpx.Timeout(600, read=seconds), transport=transport) as client:
        try:
            files = {"file": ("x.png", content)}
            return client.post(f"{server.url}/api/upscale", files=files, data=fields).status_code
        except httpx.ReadTimeout:
            return 0


def left(server: Server) -> int:
    """Files in the temporary folder once all jobs are over."""
    end, files = time.monotonic() + 10, [server.temporary]
    while files and time.monotonic() < end:
        files = [path for path in server.temporary.rglob("*") if path.is_file()]
        time.sleep(0.1)
    return len(files)


def page() -> None:
    """First paint, weight and requests of the empty page."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chrome")
    with fresh() as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(3):
            opened = browser.new_context().new_page()
            asked: list[str] = []
            opened.on("request", lambda sent, asked=asked: asked.append(sent.url))
            opened.goto(server.url)
            opened.locator("#start").wait_for()
            paint, ready = opened.evaluate(
                "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
                " performance.now()]"
            )
            weight, whole = opened.evaluate(
                "performance.getEntriesByType('resource')"
                ".concat(performance.getEntriesByType('navigation'))"
                ".reduce((s, e) => [s[0] + e.transferSize, s[1] + e.decodedBodySize], [0, 0])"
            )
            others = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
            print(
                f"first paint {paint / 1000:.2f} s, usable {ready / 1000:.2f} s, "
                f"{weight / 1e3:.0f} kB sent ({whole / 1e6:.2f} MB), "
                f"{len(asked)} requests, {len(others)} elsewhere"
            )
            opened.context.close()
        browser.close()


def jobs() -> None:
    """20 jobs at once, 4 of them left by their clients."""
    small, large = picture(64, 64), picture(500, 500)
    with fresh() as server:
        memory, begun = Memory(server), time.monotonic()
        with ThreadPoolExecutor(20) as pool:
            codes = pool.map(
                lambda i: post(server, *((large, 2.0) if i % 5 == 4 else (small, 600))), range(20)
            )
            counted = dict(Counter(codes))
        print(f"20 jobs at once: {counted} in {time.monotonic() - begun:.1f} s; {memory}; budget")
        print(f"4000 MB; {left(server)} files left")


def crowd() -> None:
    """A thousand small requests by 8 clients, and a thousand at once."""
    tiny = picture(8, 8)
    with fresh() as server:
        memory = Memory(server)
        for clients in (8, 200):
            begun = time.monotonic()
            with ThreadPoolExecutor(clients) as pool:
                counted = Counter(pool.map(lambda _: post(server, tiny), range(1000)))
            seconds = time.monotonic() - begun
            print(f"1000 pictures by {clients}: {dict(counted)} in {seconds:.1f} s; {memory}")
        with httpx.Client(base_url=server.url) as client, ThreadPoolExecutor(8) as pool:
            begun = time.monotonic()
            counted = Counter(
                pool.map(lambda _: client.get("/api/health").status_code, range(1000))
            )
        print(f"1000 looks at /api/health: {dict(counted)} in {time.monotonic() - begun:.1f} s")
        print(f"{left(server)} files left")


def users() -> None:
    """One user with twenty pictures, and another who comes later with one."""
    content = picture(128, 128)
    with fresh() as server, ThreadPoolExecutor(20) as pool:
        begun = time.monotonic()
        many = [pool.submit(post, server, content) for _ in range(20)]
        time.sleep(0.5)
        came = time.monotonic()
        status = post(server, content, address="127.0.0.2")
        waited = time.monotonic() - came
        counted = Counter(each.result() for each in many)
        whole = time.monotonic() - begun
        print(f"20 pictures of one user: {dict(counted)} in {whole:.1f} s; one of another who")
        print(f"came later: {status} in {waited:.1f} s")


def slow() -> None:
    """Clients that say almost nothing, beside one that wants an answer."""
    with fresh() as server:
        host, port = server.url.removeprefix("http://").split(":")
        lines = [socket.create_connection((host, int(port))) for _ in range(200)]
        begun, took, closed = time.monotonic(), [], 0
        while time.monotonic() - begun < 25:
            for line in lines:
                with suppress(OSError):
                    line.send(b"GET / HTTP/1.1\r\n" if len(took) == 0 else b"x: y\r\n")
            asked = time.monotonic()
            httpx.get(f"{server.url}/api/health", timeout=60).raise_for_status()
            took.append(time.monotonic() - asked)
            time.sleep(1)
        for line in lines:
            line.settimeout(0.1)
            with suppress(TimeoutError):
                try:
                    closed += not line.recv(100)
                except ConnectionError:
                    closed += 1
        print(f"200 clients with slow heads: {closed} closed after 25 s; others waited at most")
        print(f"{max(took):.2f} s")
        content = picture(64, 64)
        head = b"--x\r\ncontent-disposition: form-data; name=file; filename=a.png\r\n\r\n"
        body = head + content + b"\r\n--x--\r\n"
        with socket.create_connection((host, int(port)), 60) as line:
            line.sendall(
                b"POST /api/upscale HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n"
                b"content-type: multipart/form-data; boundary=x\r\n\r\n" % len(body)
            )
            begun = time.monotonic()
            for at in range(0, len(body), max(1, len(body) // 10)):
                line.sendall(body[at : at + max(1, len(body) // 10)])
                time.sleep(0.5)
            print(f"a slow upload: {line.makefile('rb').readline()!r} after", end=" ")
            print(f"{time.monotonic() - begun:.1f} s; {left(server)} files left")


def noise(side: int) -> bytes:
    """A picture that no format packs well."""
    rgb = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(rgb).save(file, "png")
    return file.getvalue()


def memory() -> None:
    """The largest picture that a budget lets in: is it done, and within the budget?"""
    from hatsr.apps.web.limits import Limits

    for budget, ending in ((1.3e9, "png"), (1.3e9, "avif"), (1.3e9, "tif"), (1.6e9, "png")):
        side = int(Limits(memory=int(budget)).max_pixels(4) ** 0.5)
        with fresh("--memory", f"{budget / 1e9:g}GB") as server:
            post(server, picture(16, 16))
            watch, begun = Memory(server), time.monotonic()
            status = post(server, noise(side), format=ending)
            told = f"{budget / 1e9:g}GB, {side} x {side} to {ending}: {status} in"
            print(f"{told} {time.monotonic() - begun:.0f} s; {watch}", flush=True)


TRIALS: dict[str, Callable[[], None]] = {
    "page": page, "jobs": jobs, "crowd": crowd, "users": users, "slow": slow, "memory": memory,
}  # fmt: skip


def main() -> None:
    """Run the trials that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="*", choices=[*TRIALS, []], default=[])
    for name in parser.parse_args().trials or TRIALS:
        TRIALS[name]()


if __name__ == "__main__":
    main()
