"""Parameters and multiply-adds, counted on the network itself without running it."""

from dataclasses import dataclass, replace
from typing import TypedDict

import torch
from torch import Tensor, nn

from hatsr.evaluation.cost.measuring import measured
from hatsr.evaluation.paper.published import smaller_table
from hatsr.inference.engine import Engine, kept_heap
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
    """Number of learned values."""
    multiply_adds: int
    """Multiply-adds for one picture, counted by `RULE`."""


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

    def count(module: nn.Module, inputs: tuple[object, ...], output: Tensor) -> None:
        nonlocal total
        x = inputs[0]
        if isinstance(x, Tensor):
            total += _multiply_adds(module, x, output)

    for module in model.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        model(lr)
    return Complexity(parameters=sum(p.numel() for p in model.parameters()), multiply_adds=total)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForwardCost:
    """One forward of the inference engine on this machine, random weights."""

    seconds: float
    """Wall-clock time, the second of two runs."""
    peak_bytes: int | None
    """Peak of the process beyond what it held with the network loaded; None: not known here."""


def time_forward(config: HATConfig, height: int = 64, width: int = 64) -> ForwardCost:
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
    return ForwardCost(seconds=second.seconds, peak_bytes=extra if known else None)


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
    networks = {
        8: [swinir, wide],
        9: [wide, replace(hat, cab=False), with_cab, hat],
        10: [*(replace(with_cab, compress_ratio=beta) for beta in (1, 2, 3, 6)), wide],
        11: [swinir, preset("hat-s"), preset("swinir-l1"), preset("swinir-l2"), hat],
    }
    rows: list[PaperRow] = []
    for number, configs in networks.items():
        found = smaller_table(number)
        for config, (name, parameters, multiply_adds, _) in zip(configs, found.rows, strict=True):
            cost = complexity(config)
            rows.append(
                PaperRow(
                    table=str(number),
                    network=f"{found.columns[0]} {name}",
                    parameters=cost.parameters,
                    paper_parameters_m=float(parameters),
                    multiply_adds=cost.multiply_adds,
                    paper_multiply_adds_g=float(multiply_adds),
                )
            )
    return rows
