"""Folders of tiny pictures, whole and broken, and jobs on them in processes of their own."""

import io
import os
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tiny import tiny

from hatsr import checkpoint, image
from hatsr.batch import Job, Output, PictureFile, upscale_files
from hatsr.batch.stores import DiskStore
from hatsr.batch.worker_pools.coordinator import WorkerSpec
from hatsr.inference.loading import load
from hatsr.inference.settings import Settings


def make_net(folder: Path) -> str:
    """A checkpoint of the tiny network, x2."""
    path = folder / "net.safetensors"
    checkpoint.save(tiny(), path)
    return str(path)


def make_pictures(folder: Path, count: int, side: int = 12) -> Path:
    """Pictures of several sizes in three folders, one in the other."""
    rng = np.random.default_rng(0)
    for i in range(count):
        path = folder / ("", "sub", "sub/deep")[i % 3] / f"p{i:03}.{('png', 'tif', 'bmp')[i % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        height, width = rng.integers(4, side, 2)
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def break_pictures(folder: Path, count: int = 20) -> set[str]:
    """So many broken files in twenty ways; returns their paths below the folder."""
    whole = (folder / "p000.png").read_bytes()
    jpeg = encoded("JPEG")
    contents = {
        "empty.png": b"",
        "text.png": b"not a picture",
        "cut.png": whole[:60],
        "headless.png": whole[20:],
        "magic.png": whole[:8],
        "huge.png": whole[:16] + b"\0\x0f\xff\xff" * 2 + whole[24:],
        "sub/checksum.png": flipped(whole, len(whole) - 20),
        "sub/flipped.png": flipped(whole, whole.index(b"IDAT") + 8),
        "sub/pdf.jpg": b"%PDF-1.4 ...",
        "sub/head.jpg": b"\xff\xd8\xff\xe0" + bytes(20),
        "sub/cut.jpg": jpeg[: len(jpeg) // 2],
        "sub/page.jpg": b"<!DOCTYPE html><title>404</title>",
        "sub/zeros.bmp": b"BM" + bytes(60),
        "sub/cut.ppm": b"P6 8 8 255\n" + bytes(20),
        "sub/deep/zeros.tif": b"II*\0" + bytes(40),
        "sub/deep/far.tif": b"II*\0\xff\xff\xff\x7f",
        "sub/deep/cut.webp": b"RIFF\x10\0\0\0WEBPVP8 ",
        "sub/deep/half.webp": encoded("WEBP")[:80],
        "sub/deep/zeros.gif": b"GIF89a" + bytes(30),
        "sub/deep/cut.avif": encoded("AVIF")[:100],
    }
    names = set[str]()
    for i, (name, content) in enumerate(islice(cycle(contents.items()), count)):
        path = folder / name
        path = path.with_name(f"{i // len(contents) or ''}{path.name}")
        path.write_bytes(content)
        names.add(path.relative_to(folder).as_posix())
    return names


def encoded(kind: str) -> bytes:
    """A picture of noise in a format of Pillow."""
    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def flipped(data: bytes, place: int) -> bytes:
    """The same with all bits of a byte turned."""
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def make_job(net: str, **output: object) -> Job:
    """A job with a network on the CPU."""
    settings = Settings(device="cpu", memory="1GB")
    return Job(model=net, settings=settings, output=Output(**output))  # pyright: ignore


def make_spec(source: Path, results: Path, model: str = "tiny", **changes: Any) -> WorkerSpec:
    """What workers on the CPU, of one thread, are made with."""
    return WorkerSpec(
        **{
            "source": DiskStore(source),
            "results": DiskStore(results),
            "model": model,
            "overrides": {},
            "denoise": None,
            "settings": Settings(device="cpu"),
            "quality": None,
            "max_pixels": image.MAX_PIXELS,
            "threads": 1,
        }
        | changes
    )


def expected(source: Path, net: str, folder: Path) -> dict[str, bytes]:
    """What `hatsr upscale` makes of the pictures below a folder, by the path of the result."""
    paths = image.list_pictures(source, recursive=True)
    pictures = [PictureFile(path, path.parent.relative_to(source)) for path in paths]
    upscaler = load(net, device="cpu", memory="1GB")
    list(upscale_files(upscaler, pictures, Output(place=folder), lambda *_: None))
    return results(folder)


def results(folder: Path) -> dict[str, bytes]:
    """All files below a folder that are not hidden, and no page."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
        if path.suffix != ".html"
    }


def start(source: Path | str, folder: Path, net: str, *more: str) -> subprocess.Popen[str]:
    """`hatsr batch` in a session of its own."""
    command = [sys.executable, "-m", "hatsr.apps.cli", "batch", str(source), "-o", str(folder)]
    return subprocess.Popen(
        [*command, "-m", net, "--device", "cpu", "--memory", "1GB", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
