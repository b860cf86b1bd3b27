"""RRDBNet (Wang et al. 2018, ESRGAN): residual-in-residual dense blocks."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_unshuffle

from hatsr.model.blocks import conv3x3
from hatsr.model.tails import STEPS
from hatsr.model.windows import pad_to_multiple
from hatsr.peers.parts.checks import check_fields
from hatsr.peers.srresnet import start_small

_SLOPE = 0.2  # of the leaky ReLUs
_RESIDUAL_SCALE = 0.2  # beta, of every branch
_DEPTH = 5  # convolutions of a dense block


@dataclass(frozen=True, kw_only=True, slots=True)
class RRDBNetConfig:
    """Every hyper-parameter of RRDBNet; the defaults are ESRGAN's network at x4 (section 4.1).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 1, 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 64
    """Width of the features."""
    blocks: int = 23
    """Residual-in-residual dense blocks."""
    growth: int = 32
    """Channels that each convolution of a dense block adds."""
    unshuffle: bool = True
    """At x1 and x2: gather LR's pixels into channels, and enlarge by 4 (Real-ESRGAN)."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, tuple(STEPS))

    @property
    def depth(self) -> int:
        """Residual-in-residual dense blocks."""
        return self.blocks

    @property
    def gathered(self) -> int:
        """Side of the squares of LR pixels that become channels; 1: none do."""
        return 4 // self.scale if self.unshuffle and self.scale < 3 else 1


RRDB_PRESETS = {
    "rrdbnet": RRDBNetConfig(),
    "rrdbnet-tiny": RRDBNetConfig(width=32, blocks=2, growth=16),
}
"""ESRGAN's network as published, and one that a CPU can train."""


class DenseBlock(nn.Module):
    """Convolutions that each see what all before them made (figure 4 of ESRGAN)."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            conv3x3(width + i * growth, growth if i < _DEPTH - 1 else width) for i in range(_DEPTH)
        )
        self.apply(start_small)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        made = x
        *growing, last = self.convs
        for conv in growing:
            made = torch.cat((made, leaky_relu(conv(made), _SLOPE)), dim=1)
        return x + _RESIDUAL_SCALE * last(made)


class RRDB(nn.Module):
    """Three dense blocks in a residual."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(width, growth) for _ in range(3)))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return x + _RESIDUAL_SCALE * self.dense(x)


class RRDBNet(nn.Module):
    """Dense blocks, then nearest-neighbour enlargement with convolutions between; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, config.gathered
        width = config.width
        self.factors = STEPS[config.scale * config.gathered]
        self.shallow = conv3x3(config.channels * config.gathered**2, width)
        self.blocks = nn.Sequential(*(RRDB(width, config.growth) for _ in range(config.blocks)))
        self.body_conv = conv3x3(width, width)
        self.steps = nn.ModuleList(conv3x3(width, width) for _ in self.factors)
        self.final = conv3x3(width, width)
        self.last = conv3x3(width, config.channels)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        h, w = (side * self.scale for side in lr.shape[-2:])
        gathered = pixel_unshuffle(pad_to_multiple(lr, self.multiple), self.multiple)
        shallow = self.shallow(gathered)
        x = self.body_conv(self.blocks(shallow)) + shallow
        for step, factor in zip(self.steps, self.factors, strict=True):
            x = leaky_relu(step(interpolate(x, scale_factor=factor, mode="nearest")), _SLOPE)
        return self.last(leaky_relu(self.final(x), _SLOPE))[:, :, :h, :w]
