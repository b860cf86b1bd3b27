"""How features become the SR picture: the last part of a network. Features are b c h w."""

from itertools import accumulate
from operator import mul

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from hatsr.model.blocks import conv3x3
from hatsr.model.config import HATConfig

STEPS = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
"""By scale, the factors of the enlargements that make it, first to last."""


class PixelShuffleTail(nn.Module):
    """Convolution, pixel-shuffle steps, convolution."""

    def __init__(self, inputs: int, width: int, outputs: int, scale: int) -> None:
        super().__init__()
        self.before = conv3x3(inputs, width)
        self.steps = nn.ModuleList(
            nn.Sequential(conv3x3(width, width * f * f), nn.PixelShuffle(f)) for f in STEPS[scale]
        )
        self.last = conv3x3(width, outputs)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to SR."""
        x = leaky_relu(self.before(x), 0.01)
        for step in self.steps:
            x = step(x)
        return self.last(x)


class DirectTail(nn.Sequential):
    """One convolution and one pixel shuffle (lightweight networks)."""

    def __init__(self, inputs: int, outputs: int, scale: int) -> None:
        super().__init__(conv3x3(inputs, outputs * scale**2), nn.PixelShuffle(scale))


class NearestTail(nn.Module):
    """Nearest-neighbour doubling with convolutions between (real-world SwinIR)."""

    def __init__(self, inputs: int, width: int, outputs: int, scale: int) -> None:
        super().__init__()
        self.before = conv3x3(inputs, width)
        self.steps = nn.ModuleList(conv3x3(width, width) for _ in STEPS[scale])
        self.final = conv3x3(width, width)
        self.last = conv3x3(width, outputs)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to SR."""
        x = leaky_relu(self.before(x), 0.01)
        for step in self.steps:
            x = leaky_relu(step(interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.last(leaky_relu(self.final(x), 0.2))


def make_tail(config: HATConfig) -> nn.Module:
    """The tail that a configuration names."""
    inputs, width, outputs = config.embed_dim, config.num_feat, config.channels
    if config.tail == "pixelshuffle":
        return PixelShuffleTail(inputs, width, outputs, config.scale)
    if config.tail == "nearest-conv":
        return NearestTail(inputs, width, outputs, config.scale)
    if config.tail == "pixelshuffle-direct":
        return DirectTail(inputs, outputs, config.scale)
    return conv3x3(inputs, outputs)


def tail_reach(config: HATConfig) -> float:
    """How far around it, in LR pixels, an SR pixel depends on the features before the tail.

    That is the sum of its convolutions' radii; one at a finer resolution reaches less far.
    """
    steps = STEPS[config.scale]
    finer = list(accumulate(steps, mul))  # resolutions after each step, over that of LR
    if config.tail == "pixelshuffle":
        resolutions = [1, *([1, *finer][: len(steps)]), config.scale]
    elif config.tail == "nearest-conv":
        resolutions = [1, *finer, config.scale, config.scale]
    else:
        resolutions = [1]
    return sum(1 / resolution for resolution in resolutions)
