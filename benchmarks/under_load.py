"""How much longer a picture takes while other programs keep processors busy.

    python benchmarks/under_load.py [--model hat-t-x2] [--size 512] [--busy 0 1 2] [--rounds 3]

Each round enlarges the same picture once beside each number of busy processes (of one thread each,
which do nothing but count). Prints the median seconds, and how often the time alone they are. With
as many processors as threads here, fair shares would give 1 + busy / processors.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hatsr import load


def count_for_ever() -> None:
    """Keep one processor busy."""
    while True:
        pass


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """While this is open, so many processes count."""
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=count_for_ever, daemon=True) for _ in range(processes)]
    for process in running:
        process.start()
    time.sleep(0.5 if running else 0)
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.join()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="hat-t-x2")
    parser.add_argument("--size", type=int, default=512, help="LR pixels")
    parser.add_argument("--busy", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    upscaler = load(options.model, device="cpu")
    lr = torch.rand(1, 3, options.size, options.size)
    upscaler.upscale_tensor(lr[:, :, :64, :64])
    seconds: dict[int, list[float]] = {processes: [] for processes in options.busy}
    for _ in range(options.rounds):
        for processes, found in seconds.items():
            with busy(processes):
                start = time.perf_counter()
                upscaler.upscale_tensor(lr)
                found.append(time.perf_counter() - start)
    print(f"{os.cpu_count()} processors, {torch.get_num_threads()} threads, {options.model}")
    alone = statistics.median(seconds[options.busy[0]])
    for processes, found in seconds.items():
        median = statistics.median(found)
        print(f"beside {processes} busy: {median:6.2f} s  {median / alone:5.2f} times")


if __name__ == "__main__":
    main()
