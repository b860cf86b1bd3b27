"""How fast and in how much memory networks run here.

    python benchmarks/inference.py [--network hat] [--sizes 64 128 256 512] [--memory 1.2GB]

Prints the share of the machine's fp32 matrix rate, measured in the same run, turn by turn, and
the peak memory of each size in a process of its own, beyond the loaded network.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from hatsr import HAT, Settings, Upscaler, preset
from hatsr.evaluation.complexity import RULE, complexity, measure
from hatsr.inference.engine import Engine
from hatsr.inference.memory import kept_heap

MATRIX = 2048


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed(name: str, size: int, rounds: int) -> None:
    """Engine and plain network against the matrix rate: medians of rounds taken in turn."""
    model = HAT(preset(name)).eval()
    engine = Engine(model)
    lr, a = torch.rand(1, 3, size, size), torch.rand(MATRIX, MATRIX)
    flops = 2 * complexity(preset(name), size, size).multiply_adds

    def matrix() -> None:
        for _ in range(8):
            torch.mm(a, a)

    works: dict[str, Callable[[], object]] = {
        "matrix": matrix,
        "engine": lambda: engine.run(lr),
        "plain": lambda: model(lr),
    }
    times: dict[str, list[float]] = {key: [] for key in works}
    with torch.inference_mode(), kept_heap():
        for work in works.values():
            work()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        works["engine"]()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        for _ in range(rounds):
            for key, work in works.items():
                times[key].append(seconds(work))
    matrix_flops = 8 * 2 * MATRIX**3
    rate = matrix_flops / statistics.median(times["matrix"])
    print(f"{name} x4 at {size} x {size}, {torch.get_num_threads()} threads, {rounds} rounds")
    print(f"  matrix rate {rate / 1e9:.1f} GF/s (fp32, {MATRIX} x {MATRIX})")
    for key in ("engine", "plain"):
        second = statistics.median(times[key])
        pairs = zip(times[key], times["matrix"], strict=True)
        shares = [f"{flops / t / (matrix_flops / m):.1%}" for t, m in pairs]
        print(
            f"  {key}: {second:.3f} s, {flops / second / 1e9:.1f} GF/s, share of the matrix rate "
            f"{flops / second / rate:.1%} (by round: {', '.join(shares)})"
        )
    print(f"  page faults of one forward in the steady state: {faults}")


def peak(name: str, size: int, budget: str | None) -> None:
    """Peak memory of one size, in this process; with a budget the picture is tiled."""
    if budget is None:
        found = measure(preset(name), size, size)
        print(found.peak_bytes or 0, found.seconds)
        return
    from hatsr.evaluation.cost import measured

    upscaler = Upscaler(HAT(preset(name)), name, Settings(memory=budget))
    upscaler.enlarge(torch.rand(1, 3, 16, 16))
    with measured() as idle:
        pass
    with measured() as cost:
        upscaler.enlarge(torch.rand(1, 3, size, size))
    print((cost.peak_bytes or 0) - (idle.peak_bytes or 0), cost.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--network", default="hat")
    parser.add_argument("--sizes", type=int, nargs="*", default=[64, 128, 256, 512])
    parser.add_argument("--memory", default=None, help="tile to this budget")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        peak(options.network, options.peak, options.memory)
        return
    speed(options.network, 64, options.rounds)
    print(f"  counting: {RULE}")
    print(
        f"peak memory beyond the loaded network, budget {options.memory or 'none: whole picture'}"
    )
    for size in options.sizes:
        command = [sys.executable, __file__, "--network", options.network, "--peak", str(size)]
        if options.memory:
            command += ["--memory", options.memory]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found, second = (float(word) for word in done.stdout.split())
        per_pixel = second / size**2 * 1e6
        print(f"  {size:4d}: {found / 1e6:8.0f} MB {second:8.2f} s {per_pixel:6.1f} us/pixel")


if __name__ == "__main__":
    main()
