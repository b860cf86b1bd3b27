"""Where the time of a forward goes, as a picture.

    python benchmarks/parts.py [--networks hat hat-t] [--size 64] [-o FILE]

Each part of the engine is timed inside a whole forward, with the native kernels and without.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import torch

from hatsr import HAT, preset
from hatsr.inference.engine import Engine, retain_freed_memory
from hatsr.inference.engine.fast_attention import FastOverlappingAttention, FastWindowAttention
from hatsr.inference.engine.fast_blocks import FastCAB, FastHAB, FastMLP, FastRHAG
from hatsr.inference.engine.linear import FusedLinear, PlainLinear
from hatsr.native import PackedProduct, disabled

PARTS = {
    "attention": "window attention",
    "linear": "Q, K, V and projection",
    "mlp": "norm and MLP",
    "cab": "channel attention block",
    "norm": "first norm",
    "close": "closing convolutions",
    "tail": "tail",
    "rest": "rest",
}
WHOLE = ("mlp", "cab", "close")
"""Parts whose inner parts count for them."""


class Clock:
    """Seconds by part; an inner part does not count for the outer, but for those of `WHOLE`."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.parts: list[str] = []
        self.inner: list[float] = [0.0]

    def timed(self, part: str, work: Callable) -> Callable:
        def run(*given: object, **named: object) -> object:
            own = next((outer for outer in WHOLE if outer in self.parts), part)
            self.parts.append(own)
            self.inner.append(0.0)
            begun = time.perf_counter()
            try:
                return work(*given, **named)
            finally:
                took = time.perf_counter() - begun
                self.parts.pop()
                self.seconds[own] += took - self.inner.pop()
                self.inner[-1] += took

        return run


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """While this is open the engine's parts are timed."""
    linear = [
        ("linear", layer, name)
        for layer in (PlainLinear, FusedLinear, PackedProduct)
        for name in ("__call__", "then_gelu", "add_to")
    ]
    places = [
        *linear,
        ("attention", FastWindowAttention, "__call__"),
        ("attention", FastOverlappingAttention, "__call__"),
        ("mlp", FastMLP, "__call__"),
        ("cab", FastCAB, "squeeze"),
        ("cab", FastCAB, "pooled"),
        ("cab", FastCAB, "expansion"),
        ("norm", FastHAB, "normed"),
        ("close", FastRHAG, "close"),
        ("tail", Engine, "_finish"),
        ("rest", Engine, "run"),
    ]
    with ExitStack() as stack:
        for part, owner, name in places:
            work = clock.timed(part, getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, work))
        yield


def profile(name: str, size: int, seconds: float = 4) -> dict[str, float]:
    """Mean seconds of each part of one forward."""
    engine, lr = Engine(HAT(preset(name)).eval()), torch.rand(1, 3, size, size)
    engine.run(lr)
    clock, rounds, end = Clock(), 0, time.perf_counter() + seconds
    with watched(clock):
        while time.perf_counter() < end:
            engine.run(lr)
            rounds += 1
    return {part: value / rounds for part, value in clock.seconds.items()}


def draw(rows: dict[str, dict[str, float]], path: Path) -> None:
    """One bar for each row, cut into parts, as shares of its time."""
    figure, axes = plt.subplots(figsize=(8, 0.75 * len(rows) + 1.3), layout="constrained")
    colours = [plt.get_cmap("tab10")(number) for number in range(10)]
    left = [0.0] * len(rows)
    for colour, (part, label) in zip(colours, PARTS.items(), strict=False):
        shares = [row[part] / sum(row.values()) * 100 for row in rows.values()]
        bars = axes.barh(list(rows), shares, left=left, color=colour, label=label)
        texts = [f"{share:.0f}" if share >= 3 else "" for share in shares]
        axes.bar_label(bars, texts, label_type="center", color="white", fontsize=9)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="% of the time of a forward")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--networks", nargs="*", default=["hat", "hat-t"])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("docs/pictures/where-time-goes.webp")
    )
    options = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    with torch.inference_mode(), retain_freed_memory():
        for name in options.networks:
            found = profile(name, options.size)
            rows[f"{name}\n{sum(found.values()):.3f} s"] = found
            with disabled():
                found = profile(name, options.size)
            rows[f"{name}, no kernels\n{sum(found.values()):.3f} s"] = found
    for label, row in rows.items():
        parts = ", ".join(f"{PARTS[part]} {value * 1e3:.0f} ms" for part, value in row.items())
        print(f"{label.replace(chr(10), ', ')}: {parts}")
    draw(rows, options.out)


if __name__ == "__main__":
    main()
