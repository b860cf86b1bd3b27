"""How well `hatsr batch` uses a machine, and what its books cost.

    python benchmarks/batch.py speed [--count 64] [--megapixels 2] [--model hat-t-x4] [--workers N]
    python benchmarks/batch.py books [--count 1000000]

speed: pictures of 64 x 64 by `hatsr batch`, by `hatsr upscale FOLDER`, and by one command a file
(of which a few are run, the others are extrapolated); pictures of one megapixel against the
network's own time for them, without reading and writing. Starting up counts in all.

books: planning for so many files, which are hard links to a few tiny ones, with the headers read;
the time, and the peak memory of a process that does nothing else.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PER_FOLDER = 10_000
COMMANDS = 3
"""Runs of one command a file."""


def pictures(folder: Path, count: int, side: int) -> Path:
    """Noise with edges, as PNG."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        coarse = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(
            folder / f"{i:06}.png"
        )
    return folder


def timed(*arguments: object) -> float:
    """Seconds of a command of hatsr."""
    command = [sys.executable, "-m", "hatsr.apps.cli", *map(str, arguments)]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def network_seconds(model: str, source: Path) -> float:
    """The network alone on all pictures of a folder, with the threads of this process."""
    from hatsr import image, load

    upscaler = load(model, device="cpu")
    lrs = [image.to_tensor(image.read(path)) for path in sorted(source.iterdir())]
    upscaler.enlarge(lrs[0][:, :, :64, :64])
    start = time.perf_counter()
    for lr in lrs:
        upscaler.enlarge(lr)
    return time.perf_counter() - start


def speed(options: argparse.Namespace, place: Path) -> None:
    workers = ["--workers", options.workers] if options.workers else []
    small = pictures(place / "small", options.count, 64)
    batch = timed("batch", small, "-o", place / "b", "-m", options.model, *workers)
    folder = timed("upscale", small, "-o", place / "f", "-m", options.model)
    one = sum(
        timed("upscale", path, "-o", place / f"o{i}.png", "-m", options.model)
        for i, path in enumerate(sorted(small.iterdir())[:COMMANDS])
    )
    each = one / COMMANDS * options.count
    same = all(
        path.read_bytes() == (place / "f" / path.name).read_bytes()
        for path in (place / "b").glob("*.png")
    )
    print(f"{options.count} pictures of 64 x 64, {options.model}, results equal: {same}")
    print(
        f"  batch {batch:.1f} s; upscale FOLDER {folder:.1f} s, {folder / batch:.2f} times as long"
    )
    print(f"  one command a file {each:.1f} s, {each / batch:.1f} times as long")
    if options.megapixels:
        large = pictures(place / "large", options.megapixels, 1024)
        took = timed("batch", large, "-o", place / "l", "-m", options.model, *workers)
        alone = network_seconds(options.model, large)
        print(f"{options.megapixels} pictures of 1024 x 1024: batch {took:.1f} s, network alone")
        print(f"  {alone:.1f} s: {alone / took:.1%} of its speed, starting up counted")


def books(count: int, place: Path) -> None:
    source = place / "in"
    seeds = pictures(place / "seeds", 8, 16)
    for i in range(count):
        folder = source / f"{i // PER_FOLDER:04}"
        if i % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(seeds / f"{i % 8:06}.png", folder / f"{i:08}.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    from hatsr.batch.books import Books
    from hatsr.batch.outputs import Output
    from hatsr.batch.planning import plan

    out = place / "out"
    for turn in ("planning", "planning again"):
        start = time.perf_counter()
        with Books(out, create=True) as kept:
            plan(kept, source, Output(place=out), "_x4", lambda done: None)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{turn}: {count:,} pictures in {seconds:.1f} s, peak {peak / 1e3:.0f} MB in all,")
        print(f"  {(peak - before) / 1e3:.0f} MB of it from importing hatsr.batch on")
    size = (out / ".hatsr" / "batch.sqlite").stat().st_size
    print(f"books: {size / 1e6:.0f} MB on disk")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["speed", "books"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--megapixels", type=int, default=2)
    parser.add_argument("--model", default="hat-t-x4")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.what == "books":
            books(options.count or 1_000_000, Path(place))
        else:
            options.count = options.count or 64
            speed(options, Path(place))


if __name__ == "__main__":
    main()
