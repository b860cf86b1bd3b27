"""Time per LR pixel and peak memory as pictures grow, each size in a process of its own.

    python benchmarks/large.py [SIZE...] [--model hat-t-x2] [--memory 2GB] [--precision fp32]

SIZE is a side in LR pixels. The memory is that beyond the loaded network, LR and SR included.
"""

import argparse
import resource
import subprocess
import sys
import time

import torch

from hatsr import load

_REPEATED = 512
"""Up to this side the best of three is taken."""


def measure(side: int, options: argparse.Namespace) -> None:
    upscaler = load(options.model, memory=options.memory, precision=options.precision, device="cpu")
    upscaler.upscale_tensor(torch.rand(1, 3, 32, 32))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lr, times = torch.rand(1, 3, side, side), []
    for _ in range(3 if side <= _REPEATED else 1):
        start = time.perf_counter()
        upscaler.upscale_tensor(lr)
        times.append(time.perf_counter() - start)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6
    each = min(times) / side**2 * 1e6
    about = f"{options.model}, {side} x {side}, {options.precision}, {options.memory}"
    print(f"{about}: {each:.2f} us an LR pixel, {peak:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, metavar="SIZE", default=[256, 512, 1024])
    parser.add_argument("--model", default="hat-t-x2")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    if len(options.sizes) == 1:
        measure(options.sizes[0], options)
        return
    rest = ("--model", options.model, "--memory", options.memory, "--precision", options.precision)
    for side in options.sizes:
        subprocess.run([sys.executable, __file__, str(side), *rest], check=True)


if __name__ == "__main__":
    main()
