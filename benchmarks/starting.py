"""How long commands take before and beside their work.

    python benchmarks/starting.py [--rounds 5]

Prints the median seconds of whole processes, taken in turn: PyTorch's import alone, the help, the
list of models, and a picture of 64 x 64 enlarged, with the weights named and with weights chosen.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hatsr.image import from_array, write

HATSR = (sys.executable, "-m", "hatsr.apps.cli")


def seconds(command: tuple[str, ...]) -> float:
    # Bytecode is kept, as where the package is installed, whatever this shell says.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=env)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        lr = Path(folder) / "lr.png"
        write(from_array(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)), lr)
        upscale = (*HATSR, "upscale", str(lr), "-o", str(Path(folder) / "sr.png"), "--overwrite")
        commands = {
            "import torch": (sys.executable, "-c", "import torch"),
            "hatsr --help": (*HATSR, "--help"),
            "hatsr models": (*HATSR, "models"),
            "hatsr upscale -m hat-t-x4": (*upscale, "-m", "hat-t-x4"),
            "hatsr upscale": upscale,
        }
        times = [[seconds(command) for command in commands.values()] for _ in range(rounds + 1)]
    for name, taken in zip(commands, zip(*times[1:], strict=True), strict=True):
        print(f"{name:26} {statistics.median(taken):.3f} s")


if __name__ == "__main__":
    main()
