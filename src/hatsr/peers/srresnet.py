"""SRResNet without batch norm (Ledig et al. 2017, as XPixelGroup/BasicSR changed it; Figure 9)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle

from hatsr.model.blocks import conv3x3
from hatsr.model.tails import STEPS
from hatsr.peers.edsr import ResidualBlock
from hatsr.peers.parts.checks import check_fields

_SLOPE = 0.1  # of the leaky ReLUs


@dataclass(frozen=True, kw_only=True, slots=True)
class SRResNetConfig:
    """Every hyper-parameter of SRResNet; the defaults are the network of Figure 9 at x4.

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3 or 4."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 64
    """Width of the features."""
    blocks: int = 16
    """Residual blocks."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, scales=(2, 3, 4))

    @property
    def depth(self) -> int:
        """Residual blocks."""
        return self.blocks


SRRESNET_PRESETS = {
    "srresnet": SRResNetConfig(),
    "srresnet-tiny": SRResNetConfig(width=32, blocks=4),
}
"""SRResNet as published, and one that a CPU can train."""


class SRResNet(nn.Module):
    """Residual blocks, pixel shuffles, and LR enlarged bilinearly added; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: SRResNetConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        self.factors = STEPS[config.scale]
        width = config.width
        self.shallow = conv3x3(config.channels, width)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(config.blocks)))
        self.steps = nn.ModuleList(conv3x3(width, width * f * f) for f in self.factors)
        self.final = conv3x3(width, width)
        self.last = conv3x3(width, config.channels)
        self.apply(start_small)

    def feature_modules(self) -> list[nn.Module]:
        """The residual blocks."""
        return list(self.blocks)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        x = self.blocks(leaky_relu(self.shallow(lr), _SLOPE))
        for step, factor in zip(self.steps, self.factors, strict=True):
            x = leaky_relu(pixel_shuffle(step(x), factor), _SLOPE)
        residual = self.last(leaky_relu(self.final(x), _SLOPE))
        return residual + interpolate(
            lr, scale_factor=self.scale, mode="bilinear", align_corners=False
        )


def start_small(module: nn.Module) -> None:
    """A tenth of He's normal weights for convolutions, and no bias (ESRGAN, section 3.1)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
        with torch.no_grad():
            module.weight.mul_(0.1)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
