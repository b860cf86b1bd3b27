"""RCAN (Zhang et al. 2018): residual groups of blocks with channel attention.

RCAN-it (Lin et al. 2022) is the same network with other activations and longer training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu, silu

from hatsr.model.blocks import ChannelAttention, conv3x3
from hatsr.model.fields import one_of, require
from hatsr.peers.edsr import EDSR_SCALES, ColourLayer, ShuffleTail
from hatsr.peers.parts.checks import check_fields, check_squeeze

Activation = Literal["relu", "silu"]
ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {"relu": relu, "silu": silu}
"""By name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RCANConfig:
    """Every hyper-parameter of RCAN; the defaults are the published network at x4 (section 3.5).

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
    """Residual groups G."""
    blocks: int = 20
    """Blocks B in each group."""
    squeeze_factor: int = 16
    """Width over the hidden width of the channel attention, r."""
    activation: Activation = "relu"
    """Inside the blocks: relu, or silu for RCAN-it."""
    active_tail: bool = False
    """The activation also follows each pixel shuffle (RCAN-it)."""
    residual_scale: float = 1.0
    """Factor of a block's branch before it is added: 0.1 for RCAN-it."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, EDSR_SCALES)
        check_squeeze(self.squeeze_factor, self.width)
        known = get_args(Activation)
        require(self.activation in known, "activation", one_of(known), self.activation)

    @property
    def depth(self) -> int:
        """Blocks of all groups."""
        return self.groups * self.blocks


RCAN_PRESETS = {
    "rcan": RCANConfig(),
    "rcan-it": RCANConfig(activation="silu", active_tail=True, residual_scale=0.1),
    "rcan-tiny": RCANConfig(width=32, groups=2, blocks=3, squeeze_factor=8),
}
"""RCAN and RCAN-it as published, and one that a CPU can train."""


class RCAB(nn.Module):
    """Residual channel attention block (figure 4 of RCAN)."""

    def __init__(
        self, width: int, squeeze_factor: int, activation: Activation = "relu", scale: float = 1.0
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(width, width)
        self.conv2 = conv3x3(width, width)
        self.attention = ChannelAttention(width, squeeze_factor)
        self.activation, self.scale = ACTIVATIONS[activation], scale

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        y = self.conv2(self.activation(self.conv1(x)))
        hidden = self.activation(self.attention.squeeze(y.mean(dim=(2, 3))))
        gain = self.scale * self.attention.excite(hidden).sigmoid()
        return x + y * gain[:, :, None, None]


class ResidualGroup(nn.Module):
    """Blocks, a convolution, a residual."""

    def __init__(self, blocks: list[RCAB], width: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.conv = conv3x3(width, width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return self.conv(self.blocks(x)) + x


class RCAN(nn.Module):
    """Residual in residual: groups of `RCAB` within one long residual; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: RCANConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.shallow = conv3x3(config.channels, config.width)
        self.groups = nn.Sequential(*(self._group() for _ in range(config.groups)))
        self.body_conv = conv3x3(config.width, config.width)
        active = ACTIVATIONS[config.activation] if config.active_tail else None
        self.tail = ShuffleTail(config.width, config.channels, config.scale, active)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def _group(self) -> ResidualGroup:
        c = self.config
        settings = (c.width, c.squeeze_factor, c.activation, c.residual_scale)
        return ResidualGroup([RCAB(*settings) for _ in range(c.blocks)], c.width)

    def feature_modules(self) -> list[nn.Module]:
        """The residual groups."""
        return list(self.groups)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        deep = self.body_conv(self.groups(shallow)) + shallow
        return self.add_mean(self.tail(deep)) / self.config.img_range
