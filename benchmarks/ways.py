"""What sharing out a picture's layers among threads costs or gains.

    python benchmarks/ways.py [--network hat-t] [--scale 2] [--sizes 256 512]
                               [--rounds 5] [--busy 0]

Two engines enlarge the same picture in turn: one shares the pieces of each layer out among threads,
the other has all threads on one operation at a time, as small pictures run; alone, or beside busy
processes. Prints median seconds, and how many times as long the first one takes: median and range.
"""

import argparse
import statistics
import time

import torch
from under_load import busy

from hatsr import HAT, preset
from hatsr.inference.engine import Engine, retain_freed_memory


class TogetherEngine(Engine):
    """All threads on one operation at a time, whatever the size of the picture."""

    def _is_shared(self, pixels: int) -> bool:
        return False


def seconds(engine: Engine, lr: torch.Tensor) -> float:
    start = time.perf_counter()
    engine.run(lr)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="hat-t")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="*", default=[256, 512], help="LR pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0, help="processes beside it")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = HAT(preset(options.network, scale=options.scale)).eval()
    engines = Engine(model), TogetherEngine(model)
    print(
        f"{options.network} x{options.scale}, {torch.get_num_threads()} threads, "
        f"beside {options.busy} busy"
    )
    with retain_freed_memory(), busy(options.busy):
        for size in options.sizes:
            lr = torch.rand(1, 3, size, size)
            for engine in engines:
                engine.run(lr)
            rounds = [[seconds(engine, lr) for engine in engines] for _ in range(options.rounds)]
            shared, together = map(statistics.median, zip(*rounds, strict=True))
            ratios = sorted(ours / theirs for ours, theirs in rounds)
            print(
                f"{size:4d}: shared out {shared:.3f} s, together {together:.3f} s; "
                f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
            )


if __name__ == "__main__":
    main()
