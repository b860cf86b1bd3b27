"""How much of the machine's matrix rate a training step reaches.

    python benchmarks/training.py [--threads 2] [--profile]
    python benchmarks/training.py --threads 1 --hat-t --bf16

A step is forward, L1 loss, backward and Adam of a small HAT (embed 48, depths 4 x 3, 3 heads,
window 16, x4) on 16 LR patches of 48, or of hat-t on 8. Its useful work is three forwards'
multiply-adds, counted by `hatsr.evaluation.cost.complexity`; the machine's rate is that of torch.mm
on 2048 x 2048 in the same run, taken before and after.
"""

import argparse
import time
from collections.abc import Callable

import torch

from hatsr.evaluation.cost.network_cost import complexity_of
from hatsr.inference.engine import retain_freed_memory
from hatsr.model import HAT, HATConfig, preset

CONFIG = HATConfig(
    embed_dim=48,
    depths=(4, 4, 4),
    num_heads=3,
    window_size=16,
    squeeze_factor=12,
    tail="pixelshuffle-direct",
    scale=4,
)
PATCH = 48


def fastest(work: Callable[[], object], seconds: float) -> float:
    """Least time of one call, over some seconds of calls."""
    times = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def matrix_rate(dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Multiply-adds a second of a large matrix product."""
    a, b = torch.randn(2048, 2048).to(dtype), torch.randn(2048, 2048).to(dtype)
    out = torch.empty(2048, 2048, dtype=dtype)
    return 2048**3 / fastest(lambda: torch.mm(a, b, out=out), seconds)


def make_step(config: HATConfig, batch: int, *, mixed: bool) -> Callable[[], None]:
    """One whole training step on random patches, in mixed precision if asked."""
    torch.manual_seed(0)
    network = HAT(config).train()
    optimizer = torch.optim.Adam(network.parameters(), 2e-4, betas=(0.9, 0.99), fused=True)
    lr = torch.rand(batch, 3, PATCH, PATCH)
    hr = torch.rand(batch, 3, PATCH * config.scale, PATCH * config.scale)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            sr = network(lr)
        torch.nn.functional.l1_loss(sr, hr).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def profile(step: Callable[[], None]) -> None:
    """Where the time goes, by operator."""
    with torch.profiler.profile() as recorded:
        step()
    print(recorded.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The speed of a training step.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--hat-t", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config, batch = (preset("hat-t"), 8) if options.hat_t else (CONFIG, 16)
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    with retain_freed_memory():
        before, step = matrix_rate(dtype), make_step(config, batch, mixed=options.bf16)
        step()
        seconds = fastest(step, options.seconds)
        rate = max(before, matrix_rate(dtype))
        work = 3 * batch * complexity_of(config, PATCH, PATCH).multiply_adds
        print(f"threads              {options.threads}")
        print(f"matrix rate          {rate / 1e9:.1f} G multiply-adds/s (torch.mm, 2048, {dtype})")
        print(f"step                 {seconds:.3f} s, {batch / seconds:.1f} patches/s")
        print(f"useful work          {work / 1e9:.1f} G multiply-adds (three forwards)")
        print(f"reached              {2 * work / seconds / 1e9:.1f} GFLOP/s")
        print(f"share of matrix rate {work / seconds / rate:.1%}")
        if options.profile:
            profile(step)


if __name__ == "__main__":
    main()
