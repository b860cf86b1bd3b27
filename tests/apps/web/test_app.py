"""The server as a whole: started, killed, started again."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import httpx
from web_servers import Server, start_server

from hatsr.apps.cli import cli

pytestmark = pytest.mark.web


@pytest.mark.skipif(os.name == "nt", reason="signals are sent another way on Windows")
def test_a_killed_server_leaves_nothing_to_the_next(tmp_path: Path, slow: Path) -> None:
    with start_server(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        picture = {"file": ("slow.png", slow.read_bytes())}
        pool.submit(httpx.post, f"{server.url}/api/upscale", files=picture, timeout=60)
        while not list(server.temporary.glob("hatsr-web-*/jobs/*")):
            time.sleep(0.05)
        workers = psutil.Process(server.process.pid).children()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert list(server.temporary.glob("hatsr-web-*/jobs/*"))
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
    with start_server(tmp_path) as again:
        assert len(list(again.temporary.glob("hatsr-web-*"))) == 1
        assert not list(again.temporary.glob("hatsr-web-*/jobs/*"))
    assert not list(again.temporary.glob("hatsr-web-*"))


def test_a_port_that_is_taken(server: Server) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = CliRunner().invoke(cli, ["web", "--port", port, "--memory", "2GB"])
    assert done.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in done.output
