"""How well `hatsr batch` uses a machine, and what its books cost.

    python benchmarks/batch.py small [--count 256] [--model hat-t-x4] [--workers N]
    python benchmarks/batch.py large [--count 3] [--model hat-t-x4] [--workers N]
    python benchmarks/batch.py books [--count 1000000]

small: pictures of 64 x 64 by `hatsr batch`, by `hatsr upscale FOLDER`, by one command a file (of
which a few are run, the others are extrapolated), and by the network alone. large: pictures of one
megapixel by `hatsr batch`, and by the network alone: all threads on one picture after the other
(one is run), without reading, writing and choosing weights. Starting up counts in all but the
network alone.

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


def network_seconds(model: str, source: Path, most: int) -> float:
    """The network alone on all pictures of a folder, of which `most` are run."""
    from hatsr import image, load

    upscaler, paths = load(model, device="cpu"), sorted(source.iterdir())
    lrs = [image.to_tensor(image.read(path)) for path in paths[:most]]
    upscaler.enlarge(lrs[0][:, :, :64, :64])
    start = time.perf_counter()
    for lr in lrs:
        upscaler.enlarge(lr)
    return (time.perf_counter() - start) * len(paths) / len(lrs)


def small(options: argparse.Namespace, place: Path) -> None:
    count = options.count or 256
    source = pictures(place / "in", count, 64)
    folder = timed("upscale", source, "-o", place / "f", "-m", options.model)
    batch = timed("batch", source, "-o", place / "b", "-m", options.model, *workers(options))
    one = [
        timed("upscale", path, "-o", place / f"o{i}.png", "-m", options.model)
        for i, path in enumerate(sorted(source.iterdir())[:COMMANDS])
    ]
    alone = network_seconds(options.model, source, count)
    each = sum(one) / COMMANDS * count
    same = all(
        path.read_bytes() == (place / "f" / path.name).read_bytes()
        for path in (place / "b").glob("*.png")
    )
    print(f"{count} pictures of 64 x 64, {options.model}, results equal: {same}")
    print(f"  batch {batch:.1f} s, {batch / count * 1e3:.0f} ms each")
    print(f"  upscale FOLDER {folder:.1f} s, {folder / batch:.2f} times as long")
    print(f"  one command a file {each:.1f} s, {each / batch:.1f} times as long")
    print(f"  network alone {alone:.1f} s, {alone / batch:.2f} times as long")


def large(options: argparse.Namespace, place: Path) -> None:
    count = options.count or 3
    source = pictures(place / "in", count, 1024)
    batch = timed("batch", source, "-o", place / "b", "-m", options.model, *workers(options))
    alone = network_seconds(options.model, source, 1)
    print(f"{count} pictures of 1024 x 1024, {options.model}: batch {batch:.1f} s,")
    print(f"  network alone {alone:.1f} s: {alone / batch:.1%} of its speed")


def workers(options: argparse.Namespace) -> list[object]:
    return ["--workers", options.workers] if options.workers else []


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
        start, used = time.perf_counter(), time.process_time()
        with Books(out, create=True) as kept:
            plan(kept, source, Output(place=out), "_x4", lambda done: None)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{turn}: {count:,} pictures in {seconds:.1f} s ({used:.1f} s of them computing),")
        print(f"  peak {peak / 1e3:.0f} MB in all,")
        print(f"  {(peak - before) / 1e3:.0f} MB of it from importing hatsr.batch on")
    size = (out / ".hatsr" / "batch.sqlite").stat().st_size
    print(f"books: {size / 1e6:.0f} MB on disk")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["small", "large", "books"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--model", default="hat-t-x4")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.what == "books":
            books(options.count or 1_000_000, Path(place))
        else:
            {"small": small, "large": large}[options.what](options, Path(place))


if __name__ == "__main__":
    main()
