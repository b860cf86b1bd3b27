"""The blocks of the network, rearranged to run on whole feature maps in small pieces.

All change features in place. Tiles of one picture can run in step, layer by layer, so that channel
attention pools over them together.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from hatsr.inference.engine.bands import WindowGrid, even_share
from hatsr.inference.engine.fast_attention import FastOverlappingAttention, FastWindowAttention
from hatsr.inference.engine.linear import Layers
from hatsr.inference.engine.maps import Bordered, FeatureMap, Pixels, bordered, strips
from hatsr.model.blocks import CAB, HAB, MLP, OCAB
from hatsr.model.network import RHAG, convolve

Mean = Float[Tensor, " c"]
"""What a CAB's channel attention pools."""
Squeezed = Float[Tensor, "bordered_h w squeezed"]
"""A bordered map between the two convolutions of CAB."""


def vector_lanes() -> int:
    """Channels that this processor's vector units like to handle together."""
    return 16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 8


def dense(conv: nn.Module) -> tuple[Tensor, Tensor]:
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

    def __init__(self, norm: nn.LayerNorm, mlp: MLP, layers: Layers, pixels: int) -> None:
        self.norm, self.pixels = norm, pixels
        self.fc1 = layers.linear(mlp.fc1.weight, mlp.fc1.bias, pixels)
        self.fc2 = layers.linear(mlp.fc2.weight, mlp.fc2.bias, pixels)

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

    def __init__(self, cab: CAB, layers: Layers, pixels: int) -> None:
        self.alpha, self.attention, self.pixels = cab.alpha, cab.attention, pixels
        weight, bias = dense(cab.compress)
        spare = -len(weight) % vector_lanes()
        weight, bias = pad(weight, (0, 0, 0, 0, 0, 0, 0, spare)), pad(bias, (0, spare))
        self.compress = layers.conv(weight, bias)
        self.width = len(weight)
        weight, self.bias = dense(cab.expand)
        self.weight = pad(weight, (0, 0, 0, 0, 0, spare))
        self.gated = layers.gated_conv(self.weight, self.bias)

    def squeeze(self, normed: Bordered) -> Squeezed:
        """The block up to its activation, C / beta channels (rounded up to whole lanes)."""
        height, width = normed.shape[0] - 2, normed.shape[1]
        out = bordered(height, width, self.width, normed)
        for rows, around in strips(height, width, self.pixels):
            out[1:-1][rows] = self.compress.then_gelu(normed[around])
        return out

    def pooled(self, squeezed: Squeezed, rows: slice, cols: slice) -> Mean:
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

    def pooled_together(
        self, maps: Sequence[FeatureMap], squeezed: Sequence[Squeezed]
    ) -> Mean | None:
        """The mean over the cores of all maps, if there is channel attention."""
        if self.attention is None:
            return None
        total = sum(m.core.area for m in maps)
        parts = [
            self.pooled(y, m.core.rows, m.core.cols) * m.core.area / total
            for m, y in zip(maps, squeezed, strict=True)
        ]
        return torch.stack(parts).sum(0)

    def expand(
        self, features: Float[Tensor, "h w c"], squeezed: Squeezed, mean: Mean | None
    ) -> None:
        """Add the block, gated if there is a mean, to `features` in place."""
        gain = torch.full_like(self.bias, self.alpha)
        if self.attention is not None and mean is not None:
            gain = gain * self.attention.gate(mean[None])[0]
        conv = self.gated(gain)
        height, width, _ = features.shape
        for rows, around in strips(height, width, self.pixels):
            conv.add_to(features[rows], squeezed[around])


class FastHAB:
    """One HAB, its parts ready to run."""

    def __init__(self, block: HAB, layers: Layers, pixels: int) -> None:
        self.norm, self.pixels = block.norm1, pixels
        self.attention = FastWindowAttention(block.attention, layers, pixels)
        self.cab = None if block.cab is None else FastCAB(block.cab, layers, pixels)
        self.mlp = FastMLP(block.norm2, block.mlp, layers, pixels)

    def __call__(self, maps: Sequence[FeatureMap], mean: Mean | None) -> Mean | None:
        """Change all maps in place.

        Args:
            maps: of one picture; what channel attention pools, it pools over all of them.
            mean: what it shall use instead.

        Returns:
            The mean that it used, if there is channel attention.
        """
        normed = [self.normalise(m.x) for m in maps]
        squeezed = [] if self.cab is None else [self.cab.squeeze(n) for n in normed]
        if self.cab is not None and mean is None:
            mean = self.cab.pooled_together(maps, squeezed)
        for i, m in enumerate(maps):
            self.attention(m.pixels, normed[i][1:-1].view(m.pixels.shape), m.grid)
            if self.cab is not None:
                self.cab.expand(m.x, squeezed[i], mean)
            self.mlp(m.pixels)
        return mean

    def normalise(self, features: Float[Tensor, "h w c"]) -> Bordered:
        """The first LN, as a bordered map."""
        height, width, channels = features.shape
        out = bordered(height, width, channels, features)
        for rows, _ in strips(height, width, self.pixels):
            out[1:-1][rows] = self.norm(features[rows])
        return out


class FastOCAB:
    """One OCAB, its parts ready to run."""

    def __init__(self, block: OCAB, layers: Layers, pixels: int) -> None:
        self.attention = FastOverlappingAttention(block.norm1, block.attention, layers, pixels)
        self.mlp = FastMLP(block.norm2, block.mlp, layers, pixels)

    def __call__(self, features: Pixels, grid: WindowGrid) -> None:
        """Change `features` in place."""
        self.attention(features, grid)
        self.mlp(features)


class FastRHAG:
    """One RHAG, its parts ready to run."""

    def __init__(self, group: RHAG, layers: Layers, pixels: int) -> None:
        self.blocks = [FastHAB(b, layers, pixels) for b in group.blocks if isinstance(b, HAB)]
        self.ocab = None if group.ocab is None else FastOCAB(group.ocab, layers, pixels)
        self.conv, self.pixels, self.packed = group.conv, pixels, None
        if isinstance(group.conv, nn.Conv2d) and group.conv.bias is not None:
            self.packed = layers.conv(group.conv.weight, group.conv.bias)

    def __call__(
        self, maps: Sequence[FeatureMap], given: Iterator[Mean], report: Callable[[], None]
    ) -> list[Mean]:
        """Change all maps in place.

        Args:
            maps: of one picture, in step.
            given: means that channel attention shall use, one for each HAB, or none.
            report: called after each HAB, and at the end.

        Returns:
            The means that it used.
        """
        residuals, means = [m.around for m in maps], []
        for m in maps:
            m.around = m.around.clone()
        for block in self.blocks:
            means.append(block(maps, next(given, None)))
            report()
        for m, residual in zip(maps, residuals, strict=True):
            if self.ocab is not None:
                self.ocab(m.pixels, m.grid)
            self.close(residual[1:-1], m.around)
            m.around = residual
        report()
        return [mean for mean in means if mean is not None]

    def close(self, residual: Float[Tensor, "h w c"], around: Bordered) -> None:
        """Add the closing convolution of a bordered map to the residual, in place."""
        height, width, _ = residual.shape
        for rows, inner in strips(height, width, self.pixels):
            if self.packed is not None:
                self.packed.add_to(residual[rows], around[inner])
                continue
            top, bottom = max(0, rows.start - 2), min(height, rows.stop + 2)
            y = convolve(self.conv, around[None, 1:-1][:, top:bottom])[0, rows.start - top :]
            residual[rows] += y[: rows.stop - rows.start]
