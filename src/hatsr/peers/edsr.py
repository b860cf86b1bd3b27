"""EDSR (Lim et al. 2017), and the parts that the networks made from its program share.

Features are b c h w.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle

from hatsr.model.blocks import conv3x3
from hatsr.model.network import RGB_MEAN
from hatsr.model.tails import STEPS
from hatsr.peers.parts.checks import check_fields

EDSR_SCALES = (2, 3, 4, 8)
"""Enlargements that pixel-shuffle steps make."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EDSRConfig:
    """Every hyper-parameter of EDSR; the defaults are the full network at x4 (Table 1 there).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 256
    """Width of the features."""
    blocks: int = 32
    """Residual blocks."""
    residual_scale: float = 0.1
    """Factor of a block's branch before it is added."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, EDSR_SCALES)

    @property
    def depth(self) -> int:
        """Residual blocks."""
        return self.blocks


EDSR_PRESETS = {
    "edsr": EDSRConfig(),
    "edsr-baseline": EDSRConfig(width=64, blocks=16, residual_scale=1.0),
    "edsr-tiny": EDSRConfig(width=32, blocks=4, residual_scale=1.0),
}
"""EDSR and its smaller form as published, and one that a CPU can train."""


class ColourLayer(nn.Module):
    """A fixed 1 x 1 convolution of the colours, which takes their mean away or adds it.

    Programs store it with the weights, and some have let it drift in training, so it is stored
    here as well; it is not learned.
    """

    weight: Float[Tensor, "rgb rgb 1 1"]
    bias: Float[Tensor, " rgb"]

    def __init__(self, channels: int, times: float) -> None:
        super().__init__()
        mean = RGB_MEAN if channels == 3 else (0.0,)
        self.register_buffer("weight", torch.eye(channels)[:, :, None, None])
        self.register_buffer("bias", torch.tensor(mean) * times)

    def forward(self, x: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb h w"]:
        """Same shape out."""
        return conv2d(x, self.weight, self.bias)


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution; added to the input (figure 2c of EDSR)."""

    def __init__(self, width: int, scale: float = 1.0, kernel: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, kernel, padding=kernel // 2)
        self.conv2 = nn.Conv2d(width, width, kernel, padding=kernel // 2)
        self.scale = scale

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return x + self.scale * self.conv2(self.conv1(x).relu())


class ShuffleTail(nn.Module):
    """Convolutions and pixel shuffles in turns, then a convolution to colours.

    Each shuffle may be followed by an activation.
    """

    def __init__(
        self,
        width: int,
        channels: int,
        scale: int,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation or nn.Identity()
        self.factors = STEPS[scale]
        self.steps = nn.ModuleList(conv3x3(width, width * f * f) for f in self.factors)
        self.last = conv3x3(width, channels)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to SR."""
        for step, factor in zip(self.steps, self.factors, strict=True):
            x = self.activation(pixel_shuffle(step(x), factor))
        return self.last(x)


class EDSR(nn.Module):
    """Residual blocks without batch norm between a convolution and a tail; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: EDSRConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.shallow = conv3x3(config.channels, config.width)
        self.blocks = nn.Sequential(
            *(ResidualBlock(config.width, config.residual_scale) for _ in range(config.blocks))
        )
        self.body_conv = conv3x3(config.width, config.width)
        self.tail = ShuffleTail(config.width, config.channels, config.scale)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def feature_modules(self) -> list[nn.Module]:
        """The residual blocks."""
        return list(self.blocks)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        deep = self.body_conv(self.blocks(shallow)) + shallow
        return self.add_mean(self.tail(deep)) / self.config.img_range
