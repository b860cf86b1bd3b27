"""How well `hatsr batch` uses a machine, and what its database cost.

    python benchmarks/batch.py small [--count 256] [--turns 3] [--model hat-t-x4] [--workers N]
    python benchmarks/batch.py large [--count 6] [--turns 2] [--model hat-t-x4] [--workers N]
    python benchmarks/batch.py database [--count 1000000]

small: pictures of 64 x 64 by `hatsr batch`, by `hatsr upscale FOLDER`, by one command a file (of
which one is run in each turn), and by the network alone. large: pictures of one megapixel by `hatsr
batch`, and by the network alone. All in turns; of each the least seconds count, since whatever else
the machine does only adds to them.

The network alone has all threads on one picture after the other, without reading, writing and
choosing weights; of pictures of one megapixel two are run. Starting up counts in all but the
network alone; what a job of a single tiny picture takes is printed beside.

database: planning for so many files, which are hard links to a few tiny ones, with the headers
read; the time, and the peak memory of a process that does nothing else.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

PER_FOLDER = 10_000
SEEDS = 32
"""Files that the others are links to; ext4 allows 65,000 of each."""
MOST_ALONE = {64: 10**9, 1024: 2}
"""By the side of pictures, how many the network alone is run on at most."""


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


class Alone:
    """The network alone on the pictures of a folder."""

    def __init__(self, model: str, source: Path, most: int) -> None:
        from hatsr import image, load

        self.paths = sorted(source.iterdir())
        self.upscaler = load(model, device="cpu")
        self.lrs = [image.to_tensor(image.read(path)) for path in self.paths[:most]]
        self.upscaler.upscale_tensor(self.lrs[0][:, :, :64, :64])

    def __call__(self) -> float:
        """Seconds for all, by those that are run."""
        start = time.perf_counter()
        for lr in self.lrs:
            self.upscaler.upscale_tensor(lr)
        return (time.perf_counter() - start) * len(self.paths) / len(self.lrs)


def in_turns(turns: int, ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The least seconds of each way; all are printed as they come."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns):
        for name, way in ways.items():
            seconds[name].append(way())
            print(f"turn {turn + 1}: {name} {seconds[name][-1]:.1f} s", flush=True)
    return {name: min(found) for name, found in seconds.items()}


def small(options: argparse.Namespace, place: Path) -> None:
    count, model = options.count or 256, options.model
    source, first = pictures(place / "in", count, 64), place / "in" / "000000.png"
    start = starting(options, place)
    seconds = in_turns(
        options.turns or 3,
        {
            "batch": lambda: batch(options, source, place / "b"),
            "upscale FOLDER": lambda: timed(
                "upscale", source, "-o", place / "f", "-m", model, "--overwrite"
            ),
            "one command a file": lambda: (
                count * timed("upscale", first, "-o", place / "o.png", "-m", model, "--overwrite")
            ),
            "network alone": Alone(model, source, MOST_ALONE[64]),
        },
    )
    same = all(
        path.read_bytes() == (place / "f" / path.name).read_bytes()
        for path in (place / "b").glob("*.png")
    )
    print(f"{count} pictures of 64 x 64, {model}, results equal: {same}")
    show(seconds, count, start)


def large(options: argparse.Namespace, place: Path) -> None:
    count, model = options.count or 6, options.model
    source = pictures(place / "in", count, 1024)
    start = starting(options, place)
    seconds = in_turns(
        options.turns or 2,
        {
            "batch": lambda: batch(options, source, place / "b"),
            "network alone": Alone(model, source, MOST_ALONE[1024]),
        },
    )
    print(f"{count} pictures of 1024 x 1024, {model}")
    show(seconds, count, start)


def show(seconds: dict[str, float], count: int, start: float) -> None:
    """Seconds, those of a picture, and the share of them that a job takes."""
    whole = seconds["batch"]
    for name, each in seconds.items():
        print(
            f"  {name:20}{each:8.1f} s, {each / count * 1e3:7.0f} ms each,"
            f" {each / whole:6.2f} times as long as the job"
        )
    share = seconds["network alone"] / (whole - start)
    print(f"  starting {start:.1f} s; without it the network's own speed is reached to {share:.1%}")


def starting(options: argparse.Namespace, place: Path) -> float:
    """Least seconds of a job of a single tiny picture."""
    source = pictures(place / "tiny", 1, 16)
    return min(batch(options, source, place / "t") for _ in range(2))


def batch(options: argparse.Namespace, source: Path, out: Path) -> float:
    """Seconds of a job from its beginning."""
    shutil.rmtree(out, ignore_errors=True)
    return timed("batch", source, "-o", out, "-m", options.model, *workers(options))


def workers(options: argparse.Namespace) -> list[object]:
    return ["--workers", options.workers] if options.workers else []


def database(count: int, place: Path) -> None:
    source = place / "in"
    seeds = pictures(place / "seeds", SEEDS, 16)
    for i in range(count):
        folder = source / f"{i // PER_FOLDER:04}"
        if i % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(seeds / f"{i % SEEDS:06}.png", folder / f"{i:08}.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    from hatsr.batch.database.job_database import JobDatabase
    from hatsr.batch.outputs import Output
    from hatsr.batch.planning import plan

    out = place / "out"
    for turn in ("planning", "planning again"):
        start, used = time.perf_counter(), time.process_time()
        with JobDatabase(out, create=True) as kept:
            plan(kept, source, Output(place=out), "_x4", lambda _: None, lambda _: None)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{turn}: {count:,} pictures in {seconds:.1f} s ({used:.1f} s of them computing),")
        print(f"  peak {peak / 1e3:.0f} MB in all,")
        print(f"  {(peak - before) / 1e3:.0f} MB of it from importing hatsr.batch on")
    size = (out / ".hatsr" / "batch.sqlite").stat().st_size
    print(f"database: {size / 1e6:.0f} MB on disk")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["small", "large", "database"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--model", default="hat-t-x4")
    parser.add_argument("--turns", type=int)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.what == "database":
            database(options.count or 1_000_000, Path(place))
        else:
            {"small": small, "large": large}[options.what](options, Path(place))


if __name__ == "__main__":
    main()
