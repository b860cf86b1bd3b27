"""SAN (Dai et al. 2019): channel attention from covariances, and non-local features by quarters.

The authors' program has parts that its forward leaves out. Their weights are kept as they are, not
trained, so that its files load whole and come out again.
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, scaled_dot_product_attention

from hatsr.model.blocks import ChannelAttention, conv3x3
from hatsr.model.fields import require
from hatsr.peers.edsr import EDSR_SCALES, ColourLayer, ResidualBlock, ShuffleTail
from hatsr.peers.parts.checks import check_fields, check_squeeze

_ITERATIONS = 5
"""Of Newton and Schulz, for the root of a covariance."""
_AREA = 1000
"""Side of the middle part of a picture that covariances are taken of, LR pixels."""
_NON_LOCAL_SQUEEZE = 8
"""Width over that of the non-local features."""
_POOL = 2
"""Side of the squares of pixels that become one key and one value of the non-local features."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SANConfig:
    """Every hyper-parameter of SAN; the defaults are the published network at x4 (section 4.1).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 64
    """Width C of the features, a multiple of 8."""
    groups: int = 20
    """Local-source residual attention groups G."""
    blocks: int = 10
    """Residual blocks M in each group."""
    squeeze_factor: int = 16
    """Width over the hidden width of the channel attention, r."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, EDSR_SCALES)
        multiple = _NON_LOCAL_SQUEEZE
        require(self.width % multiple == 0, "width", f"a multiple of {multiple}", self.width)
        check_squeeze(self.squeeze_factor, self.width)

    @property
    def depth(self) -> int:
        """Blocks of all groups."""
        return self.groups * self.blocks


SAN_PRESETS = {
    "san": SANConfig(),
    "san-tiny": SANConfig(width=32, groups=2, blocks=3, squeeze_factor=8),
}
"""SAN as published, and one that a CPU can train."""


def middle(x: Float[Tensor, "b c h w"], most: int) -> Float[Tensor, "b c middle_h middle_w"]:
    """The middle of a map, at most so many pixels high and wide."""
    (h, w), (top, left) = x.shape[2:], (max(0, (side - most) // 2) for side in x.shape[2:])
    return x[:, :, top : min(h, top + most), left : min(w, left + most)]


def covariance(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Of the channels over the positions, with 1 / n."""
    flat = x.flatten(2)
    centred = flat - flat.mean(-1, keepdim=True)
    return centred @ centred.transpose(1, 2) / flat.shape[-1]


def matrix_root(matrix: Float[Tensor, "b c c"]) -> Float[Tensor, "b c c"]:
    """The square root of a positive matrix, nearly: Newton-Schulz steps (equations 6 to 8)."""
    three = 3 * torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    trace = matrix.diagonal(dim1=1, dim2=2).sum(-1)[:, None, None]
    trace = trace.clamp(min=torch.finfo(matrix.dtype).tiny)  # all alike: the root is zero
    y = matrix / trace
    step = (three - y) / 2
    y, z = y @ step, step
    for _ in range(_ITERATIONS - 2):
        step = (three - z @ y) / 2
        y, z = y @ step, step @ z
    return y @ (three - z @ y) / 2 * trace.sqrt()


class CovarianceAttention(nn.Module):
    """Second-order channel attention, SOCA: factors of channels from the root of their covariance.

    The covariance is that of the middle 1000 x 1000 pixels, as in the authors' program.
    """

    def __init__(self, width: int, squeeze_factor: int) -> None:
        super().__init__()
        self.attention = ChannelAttention(width, squeeze_factor)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        mean = matrix_root(covariance(middle(x, _AREA))).mean(1)
        return x * self.attention.gate(mean)[:, :, None, None]


def pooled(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c pooled_h pooled_w"]:
    """The greatest of each 2 x 2 pixels; of two or of one where a side is a single pixel."""
    return max_pool2d(x, tuple(min(_POOL, side) for side in x.shape[2:]))


class RegionNonLocal(nn.Module):
    """Each pixel plus a mixture of those in its quarter of the picture (section 3.2 of SAN).

    As in the authors' program, keys and values are pooled 2 x 2, which the paper does not say.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = width // _NON_LOCAL_SQUEEZE
        self.query, self.key, self.value = (nn.Conv2d(width, inner, 1) for _ in range(3))
        self.out = nn.Conv2d(inner, width, 1)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)
        self.unused_attention = ChannelAttention(width, _NON_LOCAL_SQUEEZE).requires_grad_(False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        h, w = x.shape[2:]
        halves = (half.tensor_split((w // 2,), dim=3) for half in x.tensor_split((h // 2,), dim=2))
        return torch.cat(
            [torch.cat([self._mix(part) for part in half], dim=3) for half in halves], dim=2
        )

    def _mix(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        if x.numel() == 0:  # a quarter of a picture of one row or column
            return x
        maps = (self.query(x), pooled(self.key(x)), pooled(self.value(x)))
        q, k, v = (rearrange(each, "b c h w -> b 1 (h w) c") for each in maps)
        mixed = scaled_dot_product_attention(q, k, v, scale=1.0)
        return x + self.out(rearrange(mixed, "b 1 (h w) c -> b c h w", h=x.shape[2]))


class AttentionGroup(nn.Module):
    """Residual blocks, covariance attention, a convolution; a residual (LSRAG)."""

    def __init__(self, config: SANConfig) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(ResidualBlock(config.width) for _ in range(config.blocks)))
        self.covariance_attention = CovarianceAttention(config.width, config.squeeze_factor)
        self.conv = conv3x3(config.width, config.width)
        self.unused_gamma = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return self.conv(self.covariance_attention(self.blocks(x))) + x


class SAN(nn.Module):
    """The second-order attention network; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: SANConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        width = config.width
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.shallow = conv3x3(config.channels, width)
        self.non_local = RegionNonLocal(width)
        self.groups = nn.Sequential(*(AttentionGroup(config) for _ in range(config.groups)))
        self.gamma = nn.Parameter(torch.zeros(1))
        self.unused_conv = conv3x3(width, width).requires_grad_(False)
        self.tail = ShuffleTail(width, config.channels, config.scale)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def feature_modules(self) -> list[nn.Module]:
        """The attention groups."""
        return list(self.groups)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        shared = self.non_local(shallow)
        x = shared
        for group in self.groups:
            x = group(x) + self.gamma * shared
        deep = self.non_local(x) + shallow
        return self.add_mean(self.tail(deep)) / self.config.img_range
