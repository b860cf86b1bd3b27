"""Shards: read back, read from afar, and a million of them for nothing."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from hatsr.data import shards
from hatsr.data.pairs import keep_in_memory
from hatsr.data.pictures import decode, downsample
from hatsr.data.preparing.shard_writer import ShardWriter
from hatsr.data.samples import PatchDataset, Task
from hatsr.data.shards import open_shards, open_source
from hatsr.data.sources import open_folders


def test_reads_what_was_written(manifest: Path, folder: Path) -> None:
    shards = open_shards(str(manifest))
    assert len(shards) == json.loads(manifest.read_text())["pictures"] > 10
    first = decode(folder / "0.png")
    np.testing.assert_array_equal(shards.hr(0), first[:24, :24])
    lines = manifest.with_name("pictures.jsonl").read_text().splitlines()
    for index in (0, 4, 5, len(shards) - 1):
        line = json.loads(lines[index])
        whole = decode(folder / line["file"])
        top, left = line["top"], line["left"]
        np.testing.assert_array_equal(shards.hr(index), whole[top : top + 24, left : left + 24])
        lr = shards.lr(index, 4)
        assert lr is not None
        at = slice(top // 4, top // 4 + 6), slice(left // 4, left // 4 + 6)
        np.testing.assert_array_equal(lr, downsample(whole, 4)[at])
    assert shards.lr(0, 3) is None
    assert "shard-00001.tar" in shards.name(5)


def test_a_cut_set_is_refused(manifest: Path) -> None:
    index = manifest.with_name("index.bin")
    index.write_bytes(index.read_bytes()[:-8])
    with pytest.raises(ValueError, match="must have the"):
        open_shards(str(manifest))
    manifest.write_text('{"about": "Hörbuch"}', encoding="latin-1")
    with pytest.raises(ValueError, match=r"manifest\.json must be a manifest of shards: .*utf-8"):
        open_shards(str(manifest))
    for damaged in ('{"format": "hatsr shards 1"}', '{"format": "hatsr shards 1", "pictures": 1}'):
        manifest.write_text(damaged)
        with pytest.raises(
            ValueError, match=r"manifest\.json must be whole, got '.*'; prepare again"
        ):
            open_shards(str(manifest))
    manifest.write_text("{}")
    with pytest.raises(ValueError, match="must be of format"):
        open_shards(str(manifest))


def test_a_manifest_or_folders_are_one_source(manifest: Path, folder: Path) -> None:
    assert open_source([str(manifest)]) == open_shards(str(manifest))
    assert open_source([str(folder)]) == open_folders([folder])
    assert len(open_source([str(folder), str(folder)])) == 8
    with pytest.raises(ValueError, match="an LR folder must go with one HR folder, got 2"):
        open_source([str(folder), str(folder)], folder)


class _Ranges(BaseHTTPRequestHandler):
    """Serves files of a folder, whole or a range."""

    folder: Path
    failures: list[int]

    def do_GET(self) -> None:
        if self.failures:
            self.send_error(self.failures.pop())
            return
        data = (self.folder / self.path.lstrip("/")).read_bytes()
        span = re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        self.send_response(206 if span else 200)
        data = data[int(span[1]) : int(span[2]) + 1] if span else data
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def failures() -> list[int]:
    """HTTP errors that the server gives before it works."""
    return []


@pytest.fixture
def url(manifest: Path, failures: list[int]) -> Iterator[str]:
    handler = type("Handler", (_Ranges,), {"folder": manifest.parent, "failures": failures})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_remote_reads_the_same(
    url: str, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    near, far = open_shards(str(manifest)), open_shards(f"{url}/manifest.json")
    for index in (0, 7, len(near) - 1):
        np.testing.assert_array_equal(near.hr(index), far.hr(index))
    assert len(list((tmp_path / "cache").rglob("*.bin"))) == 1


def test_remote_is_tried_again(
    url: str, failures: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_PAUSES", (0.0, 0.0))
    failures[:] = [503, 500]
    whole = shards.read_range(f"{url}/manifest.json", 0, 1)
    assert (whole, failures) == (b"{", [])
    failures[:] = [404, 503]
    with pytest.raises(OSError, match=r"manifest\.json must be readable, got HTTP Error 404"):
        shards.read_range(f"{url}/manifest.json", 0, 1)
    failures[:] = [503] * 4
    with pytest.raises(OSError, match="HTTP Error 503"):
        shards.read_range(f"{url}/manifest.json", 0, 1)


def test_a_million_pictures_cost_what_ten_do(tmp_path: Path) -> None:
    """Its index shows the same ten pictures a hundred thousand times over."""
    psutil = pytest.importorskip("psutil")
    writer = ShardWriter(tmp_path / "many", ())
    for i in range(10):
        writer.add(np.full((16, 16, 3), i, dtype=np.uint8), {})
    manifest = writer.close({})
    index = manifest.with_name("index.bin")
    index.write_bytes(index.read_bytes() * 100_000)
    about = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(about | {"pictures": 1_000_000}))

    before, begun = psutil.Process().memory_info().rss, time.perf_counter()
    pairs = keep_in_memory(open_shards(str(manifest)), (2,), budget=1 << 20)
    data = PatchDataset(pairs, (Task(2),), seed=0)
    samples = [data[k, 4] for k in range(50)]
    assert len(pairs) == 1_000_000
    assert time.perf_counter() - begun < 2
    assert psutil.Process().memory_info().rss - before < 32 << 20
    assert all(s.hr[0][0, 0, 0] == s.picture % 10 for s in samples)
