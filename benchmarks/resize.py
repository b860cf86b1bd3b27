"""Milliseconds of MATLAB's bicubic on one core, beside Pillow's (another kernel, rounded once).

python benchmarks/resize.py [--side 1024] [--rounds 20]
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from PIL import Image

from hatsr.resize import imresize

SCALES = (1 / 4, 1 / 3, 1 / 2, 2, 3, 4)


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the fastest call."""
    times = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1e3 * min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    side = options.side
    levels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    unit, picture = levels.astype(np.float32) / 255, Image.fromarray(levels)
    print(f"{side} x {side} RGB, one thread, milliseconds (fastest of {options.rounds})")
    for scale in SCALES:
        size = (round(side * scale),) * 2
        works = {
            "8 bit": partial(imresize, levels, scale),
            "float": partial(imresize, unit, scale),
            "Pillow": partial(picture.resize, size, Image.Resampling.BICUBIC),
        }
        took = (f"{key} {fastest(work, options.rounds):6.1f}" for key, work in works.items())
        print(f"  x{scale:<5.2f} {'   '.join(took)}")


if __name__ == "__main__":
    main()
