"""Shards: written, read back, read from afar, and a million of them for nothing."""

import json
import re
import tarfile
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
from hatsr.data.preparing.prepare import Cut, cuts, prepare, starts
from hatsr.data.preparing.shard_writer import ShardWriter
from hatsr.data.samples import Patches, Task
from hatsr.data.shards import open_shards

CUT = Cut(size=24, step=12, scales=(2, 4))


@pytest.fixture
def manifest(folder: Path, tmp_path: Path) -> Path:
    return prepare([folder], tmp_path / "shards", CUT, per_shard=5).manifest


def test_starts_cover_the_side() -> None:
    assert starts(24, 24, 12) == [0]
    assert starts(10, 24, 12) == [0]
    assert starts(60, 24, 24) == [0, 24, 36]
    assert starts(61, 24, 24, (8,)) == [0, 24]  # 36 is no multiple of 8


def test_eightfold_lr_is_that_of_its_place(folder: Path) -> None:
    hr = decode(folder / "3.png")  # 60 x 60
    for (top, left), patch, lr in cuts(hr, Cut(size=24, step=24, scales=(8,))):
        assert (top % 8, left % 8) == (0, 0)
        assert patch.shape == (24, 24, 3)
        at = slice(top // 8, top // 8 + 3), slice(left // 8, left // 8 + 3)
        np.testing.assert_array_equal(lr[8], downsample(hr, 8)[at])


def test_counts_of_nothing_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale must be at least 1, got 0"):
        Cut(scales=(0,))
    with pytest.raises(ValueError, match="per_shard must be at least 1, got 0"):
        prepare([folder], tmp_path / "none", CUT, per_shard=0)
    assert not (tmp_path / "none").exists()


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


def test_tars_are_webdataset(manifest: Path) -> None:
    with tarfile.open(manifest.with_name("shard-00000.tar")) as tar:
        names = tar.getnames()
    assert names[:3] == ["000000000.hr.png", "000000000.lrx2.png", "000000000.lrx4.png"]
    assert len(names) == 15


def test_broken_and_repeated_are_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "0.png").write_bytes(b"no picture")
    (folder / "9.png").write_bytes((folder / "3.png").read_bytes())
    said: list[str] = []
    done = prepare([folder], tmp_path / "out", CUT, say=said.append)
    assert {Path(name).name for name in done.left_out} == {"0.png", "9.png"}
    assert any("the same picture as" in text for text in said)
    with pytest.raises(ValueError, match="empty folder"):
        prepare([folder], tmp_path / "out", CUT)
    with pytest.raises(ValueError, match="multiples of the scale 3"):
        Cut(size=25, scales=(3,))


def test_a_failed_start_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with pytest.raises(ValueError, match="must exist"):
        prepare([tmp_path / "pisc"], out, CUT)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="usable pictures, got none in 1 files"):
        prepare([broken], out, CUT)
    assert not out.parent.exists()
    assert prepare([folder], out, CUT).cuts > 10


@pytest.mark.parametrize("exists", [True, False])
def test_an_interrupted_start_leaves_nothing(folder: Path, tmp_path: Path, exists: bool) -> None:
    (folder / "9.png").write_bytes(b"no picture")  # the last one, when all others are written

    def interrupt(text: str) -> None:
        assert sum(1 for _ in out.iterdir()) > 3
        raise KeyboardInterrupt

    out = tmp_path / "new" / "out"
    if exists:
        out.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        prepare([folder], out, CUT, per_shard=5, say=interrupt)
    assert (out.exists(), out.parent.exists()) == (exists, exists)
    assert not exists or not list(out.iterdir())


def test_a_full_disk_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            prepare([folder], tmp_path / "out", CUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("notes.txt",), "other files; name a new folder"),
        (("index.bin", "shard-00000.tar", "manifest.json"), "a finished set; name a new folder"),
        (("index.bin", "shard-00000.tar"), "an interrupted start; delete the folder and start"),
    ],
)
def test_what_is_in_the_way_is_told(
    folder: Path, tmp_path: Path, files: tuple[str, ...], message: str
) -> None:
    for name in files:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"")
    with pytest.raises(
        ValueError, match=f"must go into an empty folder, got .*out with .*{message}"
    ):
        prepare([folder], tmp_path / "out", CUT)
    assert len(list((tmp_path / "out").iterdir())) == len(files)


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
    data = Patches(pairs, (Task(2),), seed=0)
    samples = [data[k, 4] for k in range(50)]
    assert len(pairs) == 1_000_000
    assert time.perf_counter() - begun < 2
    assert psutil.Process().memory_info().rss - before < 32 << 20
    assert all(s.hr[0][0, 0, 0] == s.picture % 10 for s in samples)
