"""How fast and in how much memory networks run here.

    python benchmarks/inference.py [--networks hat hat-s hat-l hat-t] [--sizes 64 128 256 512]
                                   [--memory 1.2GB] [--threads 2] [--rounds 7]

At 64 x 64, turn by turn: our engine, the engine without native kernels, the plain network and a
textbook formulation (`textbook.py`), as shares of the machine's fp32 matrix rate measured in the
same turns; with the allocator keeping its memory, and for engine and textbook as it usually is.
Then the time per LR pixel and the peak memory of each size, in a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from textbook import forward as textbook

from hatsr import HAT, Settings, Upscaler, preset
from hatsr.evaluation.cost.network_cost import RULE, complexity_of, time_forward
from hatsr.inference.engine import Engine, retain_freed_memory
from hatsr.native import Kernels, disabled, kernels

MATRIX = 2048
PRODUCTS = 8


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, taken in turn after one run to warm up."""
    for work in works.values():
        work()
    found: dict[str, list[float]] = {key: [] for key in works}
    for _ in range(rounds):
        for key, work in works.items():
            found[key].append(seconds(work))
    return found


def speed(name: str, size: int, rounds: int) -> None:
    """All ways to run one network, against the matrix rate."""
    torch.manual_seed(0)
    model = HAT(preset(name)).eval()
    lr, a = torch.rand(1, 3, size, size), torch.rand(MATRIX, MATRIX)
    flops = 2 * complexity_of(preset(name), size, size).multiply_adds
    engine = Engine(model)
    with disabled():
        fallback = Engine(model)

    def plain() -> None:
        with disabled():
            model(lr)

    def matrix() -> None:
        for _ in range(PRODUCTS):
            torch.mm(a, a)

    def run_fallback() -> None:
        with disabled():
            fallback.run(lr)

    works: dict[str, Callable[[], object]] = {
        "matrix": matrix,
        "engine": lambda: engine.run(lr),
        "engine, no kernels": run_fallback,
        "plain network": plain,
        "textbook": lambda: textbook(model, lr),
    }
    usual = {key: works[key] for key in ("engine", "textbook")}
    with torch.inference_mode():
        ours, theirs = engine.run(lr), textbook(model, lr)
        error = float((ours - theirs).abs().max() / theirs.abs().max())
        with retain_freed_memory():
            times = turns(works, rounds)
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            engine.run(lr)
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        unkept = turns(usual, rounds)
    middle = {key: statistics.median(values) for key, values in times.items()}
    matrix_flops = PRODUCTS * 2 * MATRIX**3
    rate = matrix_flops / middle["matrix"]
    threads = torch.get_num_threads()
    print(
        f"{name} x4, {size} x {size}, {flops / 1e9:.1f} GFLOP, {threads} threads, {rounds} rounds"
    )
    print(f"  matrix rate {rate / 1e9:.0f} GF/s (fp32, {MATRIX} x {MATRIX})")
    for key in list(works)[1:]:
        share = flops / middle[key] / rate
        print(f"  {key:20} {middle[key]:7.3f} s  {share:6.1%} of the matrix rate")
    shares = [
        flops / t / (matrix_flops / m)
        for t, m in zip(times["engine"], times["matrix"], strict=True)
    ]
    print(f"  engine by round: {', '.join(f'{share:.1%}' for share in shares)}")
    kept = middle["textbook"] / middle["engine"]
    usual_ratio = statistics.median(unkept["textbook"]) / statistics.median(unkept["engine"])
    print(f"  textbook / engine: {kept:.2f} with the heap kept, {usual_ratio:.2f} without")
    print(f"  largest difference to textbook {error:.1e}; page faults of one forward: {faults}")


def peak(name: str, size: int, budget: str | None) -> None:
    """Peak memory of one size, in this process; with a budget the picture is tiled."""
    if budget is None:
        found = time_forward(HAT(preset(name)), size, size)
        print(found.peak_bytes or 0, found.seconds)
        return
    from hatsr.evaluation.cost.measuring import measured

    upscaler = Upscaler(HAT(preset(name)), name, Settings(device="cpu", memory=budget))
    upscaler.upscale_tensor(torch.rand(1, 3, 16, 16))
    with measured() as idle:
        pass
    with measured() as cost:
        upscaler.upscale_tensor(torch.rand(1, 3, size, size))
    print((cost.peak_bytes or 0) - (idle.peak_bytes or 0), cost.seconds)


def sizes(name: str, options: argparse.Namespace) -> None:
    """Time per pixel and peak memory by size of picture."""
    print(f"{name} x4, peak memory beyond the loaded network, budget {options.memory or 'none'}")
    for size in options.sizes:
        command = [sys.executable, __file__, "--networks", name, "--peak", str(size)]
        command += ["--threads", str(torch.get_num_threads())]
        if options.memory:
            command += ["--memory", options.memory]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found, second = (float(word) for word in done.stdout.split())
        per_pixel = second / size**2 * 1e6
        print(f"  {size:4d}: {found / 1e6:8.0f} MB {second:8.2f} s {per_pixel:6.1f} us/pixel")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--networks", nargs="*", default=["hat", "hat-s", "hat-l", "hat-t"])
    parser.add_argument("--sizes", type=int, nargs="*", default=[64, 128, 256, 512])
    parser.add_argument("--memory", default=None, help="tile to this budget")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--peak", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak:
        peak(options.networks[0], options.peak, options.memory)
        return
    found = kernels()
    print(f"native kernels: {found.name if isinstance(found, Kernels) else found}")
    print(f"counting: {RULE}")
    for name in options.networks:
        speed(name, 64, options.rounds)
    for name in options.networks[:1] if options.sizes else []:
        sizes(name, options)


if __name__ == "__main__":
    main()
