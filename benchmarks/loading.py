"""Whether the pictures keep up with the training step.

    python benchmarks/loading.py FOLDER [--workers 0 2] [--batches 40]

Patches a second (x4, LR patch 48, batch 16) that come from a folder kept in memory, from the same
folder read when needed, from shards that `hatsr data prepare` writes, and with LR made of each crop
(as for ImageNet); to be held against the patches a second of `benchmarks/training.py`.
"""

import argparse
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch

from hatsr.data import (
    PatchDataset,
    SamplePlan,
    Source,
    Stage,
    Task,
    keep_in_memory,
    open_folders,
    open_loader,
    open_shards,
)
from hatsr.data.preparing import Cut, prepare

SCALE, PATCH, BATCH = 4, 48, 16
WARM = 4  # batches before the clock starts
KEEP, NOTHING = 1 << 34, 0


def rate(source: Source, budget: int, from_crops: bool, workers: int, batches: int) -> float:
    """Patches a second."""
    pairs = keep_in_memory(source, () if from_crops else (SCALE,), budget, PATCH * SCALE)
    patches = PatchDataset(pairs, (Task(SCALE),), seed=0)
    plan = SamplePlan((Stage(0, PATCH, BATCH),), WARM + batches)
    loader = iter(open_loader(patches, plan, 0, 0, workers))
    for _ in islice(loader, WARM):
        pass
    begun = time.perf_counter()
    count = sum(len(batch.numbers) for batch in loader)
    return count / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2])
    parser.add_argument("--batches", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = open_folders([options.folder])
    with tempfile.TemporaryDirectory() as room:
        cut = Cut(size=480, step=480, scales=(SCALE,))
        shards = open_shards(str(prepare([options.folder], Path(room) / "shards", cut).manifest))
        ways: dict[str, tuple[Source, int, bool]] = {
            "folder, kept in memory": (folder, KEEP, False),
            "folder, read when needed": (folder, NOTHING, False),
            "shards, LR stored": (shards, NOTHING, False),
            "shards, LR from the crop": (shards, NOTHING, True),
        }
        for name, way in ways.items():
            found = (f"{rate(*way, n, options.batches):7.0f} ({n})" for n in options.workers)
            print(f"{name:26} {' '.join(found)} patches/s (workers)", flush=True)


if __name__ == "__main__":
    main()
