"""What `gpu_check.py` measures: each function gives names and figures, one at a time.

A figure that cannot be had is its error's first line; the others go on.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import l1_loss

from hatsr.evaluation.cost.network_cost import complexity_of
from hatsr.inference.cuda import CudaEngine
from hatsr.model import HAT, preset
from hatsr.training.ema import averaged, update

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from textbook import forward as textbook

Work = Callable[[], object]
Figure = dict[str, float] | str


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large what is measured is."""

    networks: tuple[str, ...] = ("hat", "hat-s", "hat-l", "hat-t")
    batch: int = 8
    batch_side: int = 64
    sides: tuple[int, ...] = (64, 128, 256, 512, 1024)
    steps: tuple[tuple[str, int, int], ...] = (("hat-t", 32, 48), ("hat", 4, 64), ("hat", 32, 64))
    ways: tuple[str, ...] = (
        "ours bf16",
        "ours fp32",
        "textbook bf16",
        "textbook fp32",
        "plain fp32",
    )
    step_ways: tuple[str, ...] = (
        "ours bf16",
        "textbook bf16",
        "textbook fp32",
        "ours bf16 compiled",
    )
    matrix: int = 8192
    seconds: float = 0.5
    calls: int = 3


QUICK = Sizes(
    networks=("hat-t",),
    batch=2,
    batch_side=8,
    sides=(),
    steps=(("hat-t", 1, 8),),
    ways=("ours bf16", "textbook fp32"),
    step_ways=("ours bf16", "textbook fp32"),
    matrix=64,
    seconds=0,
    calls=1,
)
"""A trial of the script itself, without meaning."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to measure."""

    device: torch.device

    @property
    def is_cuda(self) -> bool:
        """Whether times and memory are a GPU's."""
        return self.device.type == "cuda"

    def wait(self) -> None:
        """Until all work that was asked for is done."""
        if self.is_cuda:
            torch.cuda.synchronize()

    def measured(self, work: Work, sizes: Sizes) -> dict[str, float]:
        """Median seconds of a call after some to warm up, and its peak of memory in bytes."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        for _ in range(sizes.calls):
            work()
        self.wait()
        times, end = [], time.perf_counter() + sizes.seconds
        while len(times) < sizes.calls or time.perf_counter() < end:
            begun = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - begun)
        peak = torch.cuda.max_memory_allocated() if self.is_cuda else 0
        return {"seconds": statistics.median(times), "peak_bytes": float(peak)}


def tried(measure: Callable[[], dict[str, float]]) -> Figure:
    """A figure, or in a line why there is none."""
    try:
        return measure()
    except Exception as error:  # whatever a card may say: the other figures go on
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def matrix_rate(place: Place, sizes: Sizes) -> dict[str, float]:
    """Floating-point operations a second of a large matrix product in bfloat16."""
    n = sizes.matrix
    a, b = (torch.randn(n, n, device=place.device, dtype=torch.bfloat16) for _ in "ab")
    found = place.measured(lambda: torch.mm(a, b), sizes)
    return found | {"flops": 2 * n**3 / found["seconds"]}


def speed(place: Place, sizes: Sizes) -> Iterator[tuple[str, Callable[[], dict[str, float]]]]:
    """A batch of small pictures in every way, then single ones of every size in ours."""
    yield "matrix rate", lambda: matrix_rate(place, sizes)
    n, side = sizes.batch, sizes.batch_side
    for name in sizes.networks:
        for way in sizes.ways:
            key = f"{name} {n} x {side} x {side}, {way}"
            yield key, lambda w=way, m=name: forward(place, m, w, (n, side), sizes)
        for one in sizes.sides:
            key = f"{name} 1 x {one} x {one}, ours bf16"
            yield key, lambda m=name, s=one: forward(place, m, "ours bf16", (1, s), sizes)


def forward(
    place: Place, name: str, way: str, size: tuple[int, int], sizes: Sizes
) -> dict[str, float]:
    """One network in one way on a batch of squares: seconds, memory, operations a second."""
    torch.manual_seed(0)
    (count, side), half = size, way.endswith("bf16")
    model, lr = HAT(preset(name)).to(place.device).eval(), torch.rand(count, 3, side, side)
    lr = lr.to(place.device)
    if way.startswith("ours"):
        dtype = torch.bfloat16 if half else torch.float32
        engine = CudaEngine(model, device=place.device, dtype=dtype)
        found = place.measured(lambda: engine.run(lr), sizes)
    else:
        run = model if way.startswith("plain") else lambda x: textbook(model, x)
        with torch.inference_mode(), torch.autocast(place.device.type, torch.bfloat16, half):
            found = place.measured(lambda: run(lr), sizes)
    flops = 2 * count * complexity_of(preset(name), side, side).multiply_adds
    return found | {"flops": flops / found["seconds"]}


def steps(place: Place, sizes: Sizes) -> Iterator[tuple[str, Callable[[], dict[str, float]]]]:
    """Training steps: forward, loss, backward, Adam and the average."""
    for name, batch, side in sizes.steps:
        for way in sizes.step_ways:
            if way.endswith("compiled") and name != "hat-t":
                continue  # minutes for a large network
            key = f"{name} {batch} x {side} x {side}, {way}"
            size = batch, side
            yield key, lambda n=name, w=way, s=size: step(place, n, w, s, sizes)


def step(
    place: Place, name: str, way: str, size: tuple[int, int], sizes: Sizes
) -> dict[str, float]:
    """Seconds of a training step of one network in one way."""
    torch.manual_seed(0)
    (count, side), device = size, place.device
    model = HAT(preset(name)).to(device).train()
    average = averaged(model)
    optimizer = torch.optim.Adam(model.parameters(), 2e-4, betas=(0.9, 0.99), fused=True)
    lr = torch.rand(count, 3, side, side, device=device)
    hr = torch.rand(count, 3, side * model.scale, side * model.scale, device=device)
    if way.endswith("compiled"):
        model.compile()
    run = (lambda x: textbook(model, x)) if way.startswith("textbook") else model

    def work() -> None:
        with torch.autocast(device.type, torch.bfloat16, "bf16" in way):
            sr = run(lr)
        l1_loss(sr, hr).backward()
        optimizer.step()
        optimizer.zero_grad()
        update(average, model, 0.999, 1000)

    found = place.measured(work, sizes)
    flops = 3 * 2 * count * complexity_of(preset(name), side, side).multiply_adds
    return found | {"flops": flops / found["seconds"], "steps_per_second": 1 / found["seconds"]}
