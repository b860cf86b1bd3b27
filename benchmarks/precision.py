"""What int8 or bf16 gains and costs on a CPU.

    python benchmarks/precision.py int8|bf16 [PICTURE...] [--rounds 7]

Prints the seconds of float32 and the precision, taken in turn, and for HR pictures the PSNR of
hat-t-x4 in both (LR by bicubic reduction to a quarter).
"""

import argparse
import statistics
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from hatsr import HAT, checkpoint, image, load, preset
from hatsr.evaluation.metrics import psnr
from hatsr.inference.engine import Engine, retain_freed_memory
from hatsr.inference.settings import Precision
from hatsr.resize import imresize

SCALE = 4


def make_engine(model: HAT, precision: str) -> Engine:
    """The engine as `hatsr upscale --precision` makes it on a CPU."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    return Engine(deepcopy(model), dtype=dtype, int8=precision == "int8")


def speed(name: str, model: HAT, size: int, precision: str, rounds: int) -> None:
    """Medians of rounds taken in turn; the first of each is left out."""
    engines = {each: make_engine(model, each) for each in ("fp32", precision)}
    times: dict[str, list[float]] = {key: [] for key in engines}
    lr = torch.rand(1, 3, size, size)
    with retain_freed_memory():
        for _ in range(rounds + 1):
            for key, engine in engines.items():
                start = time.perf_counter()
                engine.run(lr)
                times[key].append(time.perf_counter() - start)
    fp32, other = (statistics.median(times[key][1:]) for key in engines)
    ratios = [f / i for f, i in zip(*(t[1:] for t in times.values()), strict=True)]
    print(
        f"{name} at {size} x {size}, {torch.get_num_threads()} threads: fp32 {fp32:.3f} s, "
        f"{precision} {other:.3f} s, {fp32 / other:.2f} times as fast "
        f"(by round {min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def quality(paths: list[Path], precision: Precision) -> None:
    """PSNR on Y of hat-t-x4 over pictures."""
    names: tuple[Precision, ...] = ("fp32", precision)
    upscalers = [load("hat-t-x4", device="cpu", precision=each) for each in names]
    rows = []
    for path in paths:
        hr = np.asarray(image.to_pil(image.read(path)).convert("RGB"))
        hr = hr[: hr.shape[0] // SCALE * SCALE, : hr.shape[1] // SCALE * SCALE]
        lr = imresize(hr, 1 / SCALE)
        rows.append([psnr(one.upscale(lr), hr, crop=SCALE) for one in upscalers])
    fp32, other = np.array(rows).T
    print(
        f"hat-t-x4, {len(paths)} pictures: PSNR fp32 {fp32.mean():.4f} dB, {precision} "
        f"{other.mean():.4f} dB; loss {(fp32 - other).mean():.4f} dB, at most "
        f"{(fp32 - other).max():.4f} dB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("precision", choices=("int8", "bf16"))
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.manual_seed(0)
    shipped = checkpoint.read(checkpoint.resolve("hat-t-x4")).model()
    speed("HAT x4", HAT(preset("hat", scale=SCALE)).eval(), 64, given.precision, given.rounds)
    speed("hat-t-x4", shipped, 64, given.precision, given.rounds)
    speed("hat-t-x4", shipped, 256, given.precision, given.rounds)
    if given.pictures:
        quality(given.pictures, given.precision)


if __name__ == "__main__":
    main()
