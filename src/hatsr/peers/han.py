"""HAN (Niu et al. 2020): RCAN with attention between layers, and over channels and positions."""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.model.blocks import conv3x3
from hatsr.peers.edsr import EDSR_SCALES, ColourLayer, ShuffleTail
from hatsr.peers.parts.checks import check_fields, check_squeeze
from hatsr.peers.rcan import RCAB, ResidualGroup


@dataclass(frozen=True, kw_only=True, slots=True)
class HANConfig:
    """Every hyper-parameter of HAN; the defaults are the published network at x4 (section 4.1).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 64
    """Width C of the features."""
    groups: int = 10
    """Residual groups N."""
    blocks: int = 20
    """Blocks in each group."""
    squeeze_factor: int = 16
    """Width over the hidden width of the channel attention."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, EDSR_SCALES)
        check_squeeze(self.squeeze_factor, self.width)

    @property
    def depth(self) -> int:
        """Blocks of all groups."""
        return self.groups * self.blocks


HAN_PRESETS = {
    "han": HANConfig(),
    "han-tiny": HANConfig(width=32, groups=2, blocks=3, squeeze_factor=8),
}
"""HAN as published, and one that a CPU can train."""


class LayerAttention(nn.Module):
    """Each layer's features plus a weighted sum of all layers' (equations 3 and 4 of HAN).

    As in the authors' program, layers that are unlike weigh more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, layers: Float[Tensor, "b n c h w"]) -> Float[Tensor, "b layers_c h w"]:
        """The features of all layers side by side."""
        flat = layers.flatten(2)
        likeness = flat @ flat.transpose(1, 2)  # b n n
        weights = (likeness.amax(-1, keepdim=True) - likeness).softmax(-1)
        mixed = (weights @ flat).unflatten(2, layers.shape[2:])
        return rearrange(self.gamma * mixed + layers, "b n c h w -> b (n c) h w")


class ChannelSpatialAttention(nn.Module):
    """A factor for each value, from those next to it in channel, row and column (equation 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 1, 3, padding=1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return x + x * self.gamma * self.conv(x[:, None])[:, 0].sigmoid()


class HAN(nn.Module):
    """The holistic attention network; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: HANConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        width, squeeze = config.width, config.squeeze_factor
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.shallow = conv3x3(config.channels, width)
        self.groups = nn.Sequential(
            *(
                ResidualGroup([RCAB(width, squeeze) for _ in range(config.blocks)], width)
                for _ in range(config.groups)
            )
        )
        self.body_conv = conv3x3(width, width)
        self.layer_attention = LayerAttention()
        self.layer_conv = conv3x3((config.groups + 1) * width, width)
        self.channel_spatial_attention = ChannelSpatialAttention()
        self.fuse = conv3x3(2 * width, width)
        self.tail = ShuffleTail(width, config.channels, config.scale)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def feature_modules(self) -> list[nn.Module]:
        """The residual groups."""
        return list(self.groups)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        x, layers = shallow, []
        for layer in (*self.groups, self.body_conv):
            x = layer(x)
            layers.append(x)
        by_layer = self.layer_conv(self.layer_attention(torch.stack(layers[::-1], dim=1)))
        deep = self.fuse(torch.cat((self.channel_spatial_attention(x), by_layer), dim=1))
        return self.add_mean(self.tail(deep + shallow)) / self.config.img_range
