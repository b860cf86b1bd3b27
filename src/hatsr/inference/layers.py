"""The blocks of the network, rearranged to run on a whole feature map in small pieces.

Every function works in place on features of a picture. A feature map has one row of zeros
above and below (``bordered``), so that a convolution can run on any strip of rows.
"""

from collections.abc import Callable, Iterator

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from hatsr.inference.attention import FastOverlappingAttention, FastWindowAttention
from hatsr.inference.int8 import Int8Conv
from hatsr.inference.layout import Layout, even_share
from hatsr.inference.packed import PackedConv, PackedLinear
from hatsr.model.blocks import CAB, HAB, MLP, OCAB, ChannelAttention

Bordered = Float[Tensor, "h2 w c"]
"""A feature map of h rows between two rows of zeros."""
Pixels = Float[Tensor, "p c"]

LANES = 16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 8
"""Channels that this processor's vector units like to handle together."""


def bordered(height: int, width: int, channels: int, like: Tensor) -> Bordered:
    """An empty feature map between two rows of zeros."""
    out = like.new_empty(height + 2, width, channels)
    out[0], out[-1] = 0, 0
    return out


def strips(height: int, width: int, pixels: int) -> Iterator[tuple[slice, slice]]:
    """Cut a map into strips of about `pixels`: rows of the map, and the bordered rows they need."""
    rows = even_share(height, max(1, pixels // width))
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        yield slice(top, bottom), slice(top, bottom + 2)


def _dense(conv: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution; a separable one is multiplied out."""
    first, *rest = (m for m in conv.modules() if isinstance(m, nn.Conv2d))
    weight, bias = first.weight.detach(), first.bias
    bias = weight.new_zeros(len(weight)) if bias is None else bias.detach()
    for point in rest:
        mix = point.weight.detach()[:, :, 0, 0]
        bias = mix @ bias if point.bias is None else mix @ bias + point.bias.detach()
        weight = mix[:, :, None, None] * weight[None, :, 0]
    return weight, bias


class FastMLP:
    """LN and MLP, added to the features."""

    def __init__(self, norm: nn.LayerNorm, mlp: MLP, pixels: int) -> None:
        self.norm, self.pixels = norm, pixels
        self.fc1 = PackedLinear(mlp.fc1.weight, mlp.fc1.bias, pixels)
        self.fc2 = PackedLinear(mlp.fc2.weight, mlp.fc2.bias, pixels)

    def __call__(self, features: Pixels) -> None:
        """Change `features` in place."""
        for part in features.split(even_share(len(features), self.pixels)):
            hidden = self.fc1.then_gelu(self.norm(part))
            self.fc2.add_to(part, hidden)


class FastCAB:
    """CAB, added to the features, without a map of its output.

    The second convolution is linear. So its mean over the picture, which channel attention
    wants first, is computed from nine means of its input; and alpha and the gate go into its
    weights, so that it adds straight to the features.
    """

    def __init__(self, cab: CAB, pixels: int) -> None:
        self.alpha, self.attention, self.pixels = cab.alpha, cab.attention, pixels
        weight, bias = _dense(cab.compress)
        spare = -len(weight) % LANES
        weight, bias = pad(weight, (0, 0, 0, 0, 0, 0, 0, spare)), pad(bias, (0, spare))
        self.compress = PackedConv(weight, bias)
        self.width = len(weight)
        weight, self.bias = _dense(cab.expand)
        self.weight = pad(weight, (0, 0, 0, 0, 0, spare))
        self.gated: Callable[[Tensor], PackedConv | Int8Conv] = self._gated

    def squeeze(self, normed: Bordered) -> Float[Tensor, "h2 w squeezed"]:
        """The block up to its activation, C / beta channels (rounded up to whole lanes)."""
        height, width = normed.shape[0] - 2, normed.shape[1]
        out = bordered(height, width, self.width, normed)
        for rows, around in strips(height, width, self.pixels):
            out[1:-1][rows] = self.compress.then_gelu(normed[around])
        return out

    def pooled(
        self, squeezed: Float[Tensor, "h2 w squeezed"], rows: slice, cols: slice
    ) -> Float[Tensor, " c"]:
        """The block's mean before channel attention, over rows and columns of the picture."""
        count, width = rows.stop - rows.start, squeezed.shape[1]
        part = squeezed[rows.start : rows.stop + 2]
        wide = torch.promote_types(part.dtype, torch.float32)  # sums are too large for float16
        sums = part.new_empty(3, 3, part.shape[2], dtype=wide)
        for x, shift in enumerate((-1, 0, 1)):
            near = slice(max(0, cols.start + shift), min(width, cols.stop + shift))
            seen = part[:, near].sum(1, dtype=wide)
            for y in range(3):
                sums[y, x] = seen[y : y + count].sum(0)
        area = count * (cols.stop - cols.start)
        taps = rearrange(sums / area, "y x i -> (i y x)")
        return (self.weight.flatten(1).to(wide) @ taps + self.bias).to(part.dtype)

    def expand(
        self,
        features: Float[Tensor, "h w c"],
        squeezed: Float[Tensor, "h2 w squeezed"],
        mean: Tensor,
    ) -> None:
        """Add the gated block to `features`, in place."""
        gain = torch.full_like(self.bias, self.alpha)
        if isinstance(self.attention, ChannelAttention):
            gain = gain * self.attention.gate(mean[None])[0]
        conv = self.gated(gain)
        height, width, _ = features.shape
        for rows, around in strips(height, width, self.pixels):
            conv.add_to(features[rows], squeezed[around])

    def _gated(self, gain: Float[Tensor, " c"]) -> PackedConv:
        """The second convolution with each output channel times `gain`."""
        return PackedConv(self.weight * gain[:, None, None, None], self.bias * gain)


class FastHAB:
    """One HAB, its parts ready to run."""

    def __init__(self, block: HAB, pixels: int) -> None:
        self.norm, self.pixels = block.norm1, pixels
        self.attention = FastWindowAttention(block.attention, pixels)
        self.cab = None if block.cab is None else FastCAB(block.cab, pixels)
        self.mlp = FastMLP(block.norm2, block.mlp, pixels)

    def normalise(self, features: Float[Tensor, "h w c"]) -> Bordered:
        """The first LN, as a bordered map."""
        height, width, channels = features.shape
        out = bordered(height, width, channels, features)
        for rows, _ in strips(height, width, self.pixels):
            out[1:-1][rows] = self.norm(features[rows])
        return out


class FastOCAB:
    """One OCAB, its parts ready to run."""

    def __init__(self, block: OCAB, pixels: int) -> None:
        self.attention = FastOverlappingAttention(block.norm1, block.attention, pixels)
        self.mlp = FastMLP(block.norm2, block.mlp, pixels)

    def __call__(self, features: Pixels, layout: Layout) -> None:
        """Change `features` in place."""
        self.attention(features, layout)
        self.mlp(features)
