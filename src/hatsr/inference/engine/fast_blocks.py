"""The blocks of the network, rearranged to run on whole feature maps in small pieces.

All change features in place, a strip of rows or a band of windows at a time, as many at once as
there are workers. Tiles of one picture can run in step, layer by layer, so that channel attention
pools over them together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from hatsr.inference.engine.fast_attention import FastOverlappingAttention, FastWindowAttention
from hatsr.inference.engine.linear import FastConv, Layers
from hatsr.inference.engine.maps import (
    Band,
    Bordered,
    FeatureMap,
    OverlappingBand,
    Pixels,
    Strip,
    bordered,
    even_cuts,
)
from hatsr.inference.engine.workers import Workers
from hatsr.inference.runner import Box
from hatsr.model.blocks import CAB, HAB, MLP, OCAB
from hatsr.model.network import RHAG, convolve

Mean = Float[Tensor, " c"]
"""What a CAB's channel attention pools."""


def vector_lanes() -> int:
    """Channels that this processor's vector units like to handle together."""
    return 16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 8


def _at_least_float32(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


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
        for pixels in even_cuts(len(features), self.pixels):
            part = features[pixels]
            self.fc2.add_to(part, self.fc1.then_gelu(self.norm(part)))


@dataclass(frozen=True, slots=True)
class Squeezed:
    """What a CAB's first convolution makes of a map: C / beta channels, after the activation."""

    features: Bordered
    """The number of channels is rounded up to whole lanes."""
    row_sums: Float[Tensor, "taps bordered_h squeezed"]
    """Over the core's columns, moved by -1, 0 and 1 columns; of the bordered map's rows."""


class FastCAB:
    """CAB, added to the features, without a map of its output.

    The second convolution is linear. So its mean over the picture, which channel attention
    wants first, is computed from nine means of its input; and alpha and the gate go into its
    weights, so that it adds straight to the features.
    """

    def __init__(self, cab: CAB, layers: Layers) -> None:
        self.alpha, self.attention = cab.alpha, cab.attention
        weight, bias = dense(cab.compress)
        spare = -len(weight) % vector_lanes()
        weight, bias = pad(weight, (0, 0, 0, 0, 0, 0, 0, spare)), pad(bias, (0, spare))
        self.compress = layers.conv(weight, bias)
        self.width = len(weight)
        weight, self.bias = dense(cab.expand)
        self.weight = pad(weight, (0, 0, 0, 0, 0, spare))
        self.gated = layers.gated_conv(self.weight, self.bias)

    def start(self, features: FeatureMap) -> Squeezed:
        """Room for what `squeeze` makes of a map."""
        height, width, _ = features.x.shape
        out = bordered(height, width, self.width, features.x)
        # Sums are too large for float16.
        sums = out.new_zeros(3, height + 2, self.width, dtype=_at_least_float32(out.dtype))
        return Squeezed(out, sums)

    def squeeze(self, out: Squeezed, normed: Bordered, strip: Strip, cols: slice) -> None:
        """The block up to its activation, on a strip.

        Args:
            out: written where the strip is.
            normed: the strip's features after the norm, with a row above and below.
            strip: rows of the map.
            cols: of the core.
        """
        rows = slice(strip[0].start + 1, strip[0].stop + 1)
        part = out.features[rows] = self.compress.then_gelu(normed)
        for i, shift in enumerate((-1, 0, 1)):
            near = part[:, max(0, cols.start + shift) : max(0, cols.stop + shift)]
            out.row_sums[i, rows] = near.sum(1, dtype=out.row_sums.dtype)

    def pooled(self, squeezed: Squeezed, core: Box) -> Mean:
        """The block's mean before channel attention, over the core of a picture."""
        first, count = core.rows.start, core.rows.stop - core.rows.start
        sums = [squeezed.row_sums[:, first + y : first + y + count].sum(1) for y in range(3)]
        taps = rearrange(torch.stack(sums) / core.area, "y x i -> (i y x)")
        mean = self.weight.flatten(1).to(taps.dtype) @ taps + self.bias
        return mean.to(squeezed.features.dtype)

    def pooled_together(
        self, maps: Sequence[FeatureMap], squeezed: Sequence[Squeezed]
    ) -> Mean | None:
        """The mean over the cores of all maps, if there is channel attention."""
        if self.attention is None:
            return None
        total = sum(m.core.area for m in maps)
        parts = [
            self.pooled(y, m.core) * m.core.area / total
            for m, y in zip(maps, squeezed, strict=True)
        ]
        return torch.stack(parts).sum(0)

    def expansion(self, mean: Mean | None) -> FastConv:
        """The second convolution, gated if there is a mean."""
        gain = torch.full_like(self.bias, self.alpha)
        if self.attention is not None and mean is not None:
            gain = gain * self.attention.gate(mean[None])[0]
        return self.gated(gain)


class FastHAB:
    """One HAB, its parts ready to run."""

    def __init__(self, block: HAB, layers: Layers, pixels: int) -> None:
        self.norm, self.shift = block.norm1, block.attention.shift
        self.attention = FastWindowAttention(block.norm1, block.attention, layers, pixels)
        self.cab = None if block.cab is None else FastCAB(block.cab, layers)
        self.mlp = FastMLP(block.norm2, block.mlp, layers, pixels)

    def __call__(
        self, maps: Sequence[FeatureMap], mean: Mean | None, workers: Workers
    ) -> Mean | None:
        """Change all maps in place.

        Args:
            maps: of one picture; what channel attention pools, it pools over all of them.
            mean: what it shall use instead.
            workers: who does it.

        Returns:
            The mean that it used, if there is channel attention.
        """
        expand, made = None, [None] * len(maps)
        if self.cab is not None:
            made = self.squeeze(self.cab, maps, workers)
            mean = self.cab.pooled_together(maps, made) if mean is None else mean
            expand = self.cab.expansion(mean)

        def run(piece: tuple[FeatureMap, Squeezed | None, Band]) -> None:
            features, squeezed, band = piece
            self.attention(features.pixels, band)
            for rows in band.merged_rows:
                if expand is not None and squeezed is not None:
                    strip, around = features.rows_of(rows)
                    expand.add_to(features.x[strip], squeezed.features[around])
                self.mlp(features.pixels[rows])

        pieces = zip(maps, made, strict=True)
        workers.each(run, [(m, y, b) for m, y in pieces for b in m.grid.bands(self.shift)])
        return mean

    def squeeze(self, cab: FastCAB, maps: Sequence[FeatureMap], workers: Workers) -> list[Squeezed]:
        """What CAB makes of every map up to its activation."""
        made = [cab.start(m) for m in maps]

        def run(piece: tuple[FeatureMap, Squeezed, Strip]) -> None:
            features, squeezed, strip = piece
            cab.squeeze(squeezed, self.normed(features, strip), strip, features.core.cols)

        pieces = zip(maps, made, strict=True)
        workers.each(run, [(m, y, strip) for m, y in pieces for strip in m.strips])
        return made

    def normed(self, features: FeatureMap, strip: Strip) -> Bordered:
        """A strip after the first norm, with a row above and below: zeros outside the picture."""
        rows, around = strip
        out = self.norm(features.around[around])
        if rows.start == 0:
            out[0] = 0
        if rows.stop == len(features.x):
            out[-1] = 0
        return out


class FastOCAB:
    """One OCAB, its parts ready to run."""

    def __init__(self, block: OCAB, layers: Layers, pixels: int) -> None:
        self.attention = FastOverlappingAttention(block.norm1, block.attention, layers, pixels)
        self.mlp = FastMLP(block.norm2, block.mlp, layers, pixels)

    def __call__(self, features: FeatureMap, workers: Workers) -> Bordered:
        """The map after the block; keys of a band are made of features that others would change."""
        height, width, channels = features.x.shape
        out = bordered(height, width, channels, features.x)
        pixels = out[1:-1].view(-1, channels)

        def run(band: OverlappingBand) -> None:
            part = pixels[band.rows]
            self.attention(part, features.pixels, band)
            self.mlp(part)

        workers.each(run, features.grid.overlapping_bands)
        return out


class FastRHAG:
    """One RHAG, its parts ready to run."""

    def __init__(self, group: RHAG, layers: Layers, pixels: int) -> None:
        self.blocks = [FastHAB(b, layers, pixels) for b in group.blocks if isinstance(b, HAB)]
        self.ocab = None if group.ocab is None else FastOCAB(group.ocab, layers, pixels)
        self.conv, self.packed = group.conv, None
        if isinstance(group.conv, nn.Conv2d) and group.conv.bias is not None:
            self.packed = layers.conv(group.conv.weight, group.conv.bias)

    def __call__(
        self,
        maps: Sequence[FeatureMap],
        given: Iterator[Mean],
        workers: Workers,
        report: Callable[[], None],
    ) -> list[Mean]:
        """Change all maps in place.

        Args:
            maps: of one picture, in step.
            given: means that channel attention shall use, one for each HAB, or none.
            workers: who does it.
            report: called after each HAB, and at the end.

        Returns:
            The means that it used.
        """
        residuals, means = [m.around for m in maps], []
        for m in maps:
            m.around = m.around.clone()
        for block in self.blocks:
            means.append(block(maps, next(given, None), workers))
            report()
        for m, residual in zip(maps, residuals, strict=True):
            if self.ocab is not None:
                m.around = self.ocab(m, workers)
            x = m.around
            workers.each(lambda strip, r=residual, x=x: self.close(r[1:-1], x, strip), m.strips)
            m.around = residual
        report()
        return [mean for mean in means if mean is not None]

    def close(self, residual: Float[Tensor, "h w c"], x: Bordered, strip: Strip) -> None:
        """Add the closing convolution to a strip of the residual, in place."""
        rows, around = strip
        if self.packed is not None:
            self.packed.add_to(residual[rows], x[around])
            return
        top, bottom = max(0, rows.start - 2), min(len(residual), rows.stop + 2)
        y = convolve(self.conv, x[None, 1:-1][:, top:bottom])[0, rows.start - top :]
        residual[rows] += y[: rows.stop - rows.start]
