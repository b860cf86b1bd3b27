"""What int8 gains and costs.

    python benchmarks/int8.py [PICTURE...] [--rounds 7]

Prints the seconds of float32 and int8, taken in turn, and for HR pictures the PSNR of hat-t-x4 in
both (LR by bicubic reduction to a quarter).
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from hatsr import HAT, checkpoint, image, load, preset
from hatsr.evaluation.metrics import psnr
from hatsr.inference.engine import Engine, kept_heap
from hatsr.resize import imresize

SCALE = 4


def speed(name: str, model: HAT, size: int, rounds: int) -> None:
    """Medians of rounds taken in turn; the first of each is left out."""
    engines = {"fp32": Engine(model), "int8": Engine(model, int8=True)}
    times: dict[str, list[float]] = {key: [] for key in engines}
    lr = torch.rand(1, 3, size, size)
    with kept_heap():
        for _ in range(rounds + 1):
            for key, engine in engines.items():
                start = time.perf_counter()
                engine.run(lr)
                times[key].append(time.perf_counter() - start)
    fp32, int8 = (statistics.median(times[key][1:]) for key in engines)
    ratios = [f / i for f, i in zip(*(t[1:] for t in times.values()), strict=True)]
    print(
        f"{name} at {size} x {size}, {torch.get_num_threads()} threads: fp32 {fp32:.3f} s, "
        f"int8 {int8:.3f} s, {fp32 / int8:.2f} times as fast "
        f"(by round {min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def quality(paths: list[Path]) -> None:
    """PSNR on Y of hat-t-x4 over pictures."""
    upscalers = [load("hat-t-x4", device="cpu"), load("hat-t-x4", precision="int8")]
    rows = []
    for path in paths:
        hr = np.asarray(image.to_pil(image.read(path)).convert("RGB"))
        hr = hr[: hr.shape[0] // SCALE * SCALE, : hr.shape[1] // SCALE * SCALE]
        lr = imresize(hr, 1 / SCALE)
        rows.append([psnr(one.upscale(lr), hr, crop=SCALE) for one in upscalers])
    fp32, int8 = np.array(rows).T
    print(
        f"hat-t-x4, {len(paths)} pictures: PSNR fp32 {fp32.mean():.4f} dB, int8 {int8.mean():.4f} "
        f"dB; loss {(fp32 - int8).mean():.4f} dB, at most {(fp32 - int8).max():.4f} dB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.manual_seed(0)
    shipped = checkpoint.read(checkpoint.resolve("hat-t-x4")).model()
    speed("HAT x4", HAT(preset("hat", scale=SCALE)).eval(), 64, given.rounds)
    speed("hat-t-x4", shipped, 64, given.rounds)
    speed("hat-t-x4", shipped, 256, given.rounds)
    if given.pictures:
        quality(given.pictures)


if __name__ == "__main__":
    main()
