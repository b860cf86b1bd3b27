"""Parameters and multiply-adds, counted on the network itself without running it."""

from dataclasses import dataclass, replace
from typing import TypedDict

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hatsr.checkpoint import make_network, preset
from hatsr.evaluation.cost.measuring import measured
from hatsr.evaluation.paper.published import smaller_table
from hatsr.inference.engine import retain_freed_memory
from hatsr.inference.plain import forward_on_meta, make_runner
from hatsr.model import NetworkConfig, as_network

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


def complexity(network: nn.Module, height: int = 64, width: int = 64) -> Complexity:
    """Count parameters and multiply-adds of a network (Tables 8 to 11).

    Args:
        network: a `Network`, on any device (the meta device costs least).
        height: of the input, LR pixels; padded by the network as in a real run.
        width: of the input, LR pixels.

    Raises:
        ValueError: it is no `Network`.
    """
    counter = FlopCounterMode(display=False)
    forward_on_meta(network, height, width, counter)
    return Complexity(
        parameters=sum(p.numel() for p in network.parameters()),
        multiply_adds=counter.get_total_flops() // 2,  # a product and a sum
    )


def complexity_of(config: NetworkConfig, height: int = 64, width: int = 64) -> Complexity:
    """`complexity` of the network that a configuration makes."""
    with torch.device("meta"):
        network = make_network(config)
    return complexity(network.eval(), height, width)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForwardCost:
    """One forward on this machine, as an `Upscaler` runs it."""

    seconds: float
    """Wall-clock time, the second of two runs."""
    peak_bytes: int | None
    """Peak of the process beyond what it held with the network loaded; None: not known here."""


def time_forward(network: nn.Module, height: int = 64, width: int = 64) -> ForwardCost:
    """Time one forward on the CPU.

    Args:
        network: a `Network`; it is taken over (weights are packed).
        height: of the input, LR pixels; enlarged to a multiple of what the network needs.
        width: of the input, LR pixels.

    Raises:
        ValueError: it is no `Network`.
    """
    known = as_network(network)
    sides = (-(-side // known.multiple) * known.multiple for side in (height, width))
    lr = torch.rand(1, known.channels, *sides)
    with retain_freed_memory():
        runner = make_runner(network, device="cpu", dtype=torch.float32)
        with measured() as idle:
            pass
        with measured() as first:
            runner.run(lr)
        with measured() as second:
            runner.run(lr)
    extra = (first.peak_bytes or 0) - (idle.peak_bytes or 0)
    is_known = first.peak_bytes is not None and idle.peak_bytes is not None
    return ForwardCost(seconds=second.seconds, peak_bytes=extra if is_known else None)


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
            cost = complexity_of(config)
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
