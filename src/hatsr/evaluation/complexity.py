"""Parameters and multiply-adds, counted on the network itself without running it."""

from dataclasses import dataclass, replace
from typing import TypedDict

import torch
from torch import Tensor, nn

from hatsr.evaluation.cost import measured
from hatsr.inference.engine import Engine
from hatsr.inference.memory import kept_heap
from hatsr.model import HAT, HATConfig, preset
from hatsr.model.blocks import OverlappingAttention, WindowAttention

RULE = (
    "Multiply-adds of convolutions, linear layers and the two attention products "
    "(Q K^T and the product with V); biases, norms, activations, softmax are not counted."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Complexity:
    """What one forward costs."""

    parameters: int
    """Learned numbers."""
    multiply_adds: int
    """For one picture, by `RULE`."""


def _multiply_adds(module: nn.Module, inputs: Tensor, output: Tensor) -> int:
    """Of one call of one module, its children not included."""
    if isinstance(module, nn.Conv2d):
        kernel = module.kernel_size[0] * module.kernel_size[1]
        return output.numel() * kernel * module.in_channels // module.groups
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, WindowAttention):
        return 2 * inputs.numel() * module.size**2
    if isinstance(module, OverlappingAttention):
        return 2 * inputs.numel() * module.overlap_size**2
    return 0


def complexity(config: HATConfig, height: int = 64, width: int = 64) -> Complexity:
    """Count parameters and multiply-adds of a network (Tables 8 to 11).

    Args:
        config: the network.
        height: of the input, LR pixels; padded to a multiple of the window as in a real run.
        width: of the input, LR pixels.
    """
    with torch.device("meta"):
        model = HAT(config).eval()
        lr = torch.empty(1, config.channels, height, width)
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _multiply_adds(module, inputs[0], output)

    for module in model.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        model(lr)
    return Complexity(parameters=sum(p.numel() for p in model.parameters()), multiply_adds=total)


@dataclass(frozen=True, kw_only=True, slots=True)
class Forward:
    """One forward of the inference engine on this machine, random weights."""

    seconds: float
    """Wall-clock time, the second of two runs."""
    peak_bytes: int | None
    """Peak of the process beyond what it held with the network loaded; None: not known here."""


def measure(config: HATConfig, height: int = 64, width: int = 64) -> Forward:
    """Time one forward; height and width are padded to multiples of the window, LR pixels."""
    side = config.window_size
    lr = torch.rand(1, config.channels, -(-height // side) * side, -(-width // side) * side)
    with kept_heap():
        engine = Engine(HAT(config))
        with measured() as idle:
            pass
        with measured() as first:
            engine.run(lr)
        with measured() as second:
            engine.run(lr)
    known = first.peak_bytes is not None and idle.peak_bytes is not None
    extra = (first.peak_bytes or 0) - (idle.peak_bytes or 0)
    return Forward(seconds=second.seconds, peak_bytes=extra if known else None)


class PaperRow(TypedDict):
    """A row of Tables 8 to 11 beside what is counted here."""

    table: str
    network: str
    parameters: int
    paper_parameters_m: float
    multiply_adds: int
    paper_multiply_adds_g: float


def paper_rows() -> list[PaperRow]:
    """Every row of Tables 8, 9, 10 and 11: the network, ours and the paper's figures."""
    hat, swinir = preset("hat"), preset("swinir")
    wide = replace(hat, cab=False, ocab=False)
    with_cab = replace(hat, ocab=False)
    beta = {b: replace(with_cab, compress_ratio=b) for b in (1, 2, 3, 6)}
    rows = [
        ("8", "window 8", swinir, 11.9, 53.6),
        ("8", "window 16", wide, 12.1, 63.8),
        ("9", "baseline", wide, 12.1, 63.8),
        ("9", "with OCAB", replace(hat, cab=False), 13.7, 74.7),
        ("9", "with CAB", with_cab, 19.2, 92.8),
        ("9", "ours", hat, 20.8, 103.7),
        ("10", "beta 1", beta[1], 33.2, 150.1),
        ("10", "beta 2", beta[2], 22.7, 107.1),
        ("10", "beta 3", beta[3], 19.2, 92.8),
        ("10", "beta 6", beta[6], 15.7, 78.5),
        ("10", "without CAB", wide, 12.1, 63.8),
        ("11", "SwinIR", swinir, 11.9, 53.6),
        ("11", "HAT-S", preset("hat-s"), 9.6, 54.9),
        ("11", "SwinIR-L1", preset("swinir-l1"), 24.0, 104.4),
        ("11", "SwinIR-L2", preset("swinir-l2"), 23.1, 102.4),
        ("11", "HAT", hat, 20.8, 103.7),
    ]
    return [
        PaperRow(
            table=table,
            network=name,
            parameters=(cost := complexity(config)).parameters,
            paper_parameters_m=parameters,
            multiply_adds=cost.multiply_adds,
            paper_multiply_adds_g=multiply_adds,
        )
        for table, name, config, parameters, multiply_adds in rows
    ]
