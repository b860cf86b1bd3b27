"""Window attention on a whole feature map, a band of windows at a time.

A window is read where it lies; what is kept beside the map are the queries, keys and values of a
band, or the keys and values of the map where windows overlap.
"""

import torch
from torch import Tensor, nn

from hatsr.inference.engine.bands import WindowGrid, even_share
from hatsr.inference.engine.linear import Layers
from hatsr.inference.engine.maps import Pixels
from hatsr.model.attention import attention_with
from hatsr.model.blocks import OverlappingAttention, WindowAttention


def weights(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer; zeros where it has no bias."""
    weight = layer.weight
    return weight, weight.new_zeros(len(weight)) if layer.bias is None else layer.bias


class FastWindowAttention:
    """(S)W-MSA, added to the features."""

    def __init__(self, attention: WindowAttention, layers: Layers, pixels: int) -> None:
        self.shift = attention.shift
        self.qkv = layers.linear(*weights(attention.qkv), pixels)
        self.proj = layers.linear(*weights(attention.proj), pixels)
        self.attend = attention_with(attention.bias())

    def __call__(self, features: Pixels, normed: Pixels, grid: WindowGrid) -> None:
        """Change `features` in place, reading `normed`."""
        for band in grid.bands(self.shift):
            parts = [normed[rows] for rows in band.rows]
            q, k, v = self.qkv(parts[0] if len(parts) == 1 else torch.cat(parts)).chunk(3, dim=1)
            out = q.new_empty(q.shape)
            self.attend(out, q, k, v, band.windows)
            for rows, part in zip(band.rows, out.split([len(p) for p in parts]), strict=True):
                self.proj.add_to(features[rows], part)


class FastOverlappingAttention:
    """LN and OCA, added to the features."""

    def __init__(
        self, norm: nn.LayerNorm, attention: OverlappingAttention, layers: Layers, pixels: int
    ) -> None:
        self.norm, self.pixels = norm, pixels
        c, (weight, bias) = attention.proj.in_features, weights(attention.qkv)
        self.q = layers.linear(weight[:c], bias[:c], pixels)
        self.kv = layers.linear(weight[c:], bias[c:], pixels)
        self.proj = layers.linear(*weights(attention.proj), pixels)
        self.attend = attention_with(attention.bias())

    def __call__(self, features: Pixels, grid: WindowGrid) -> None:
        """Change `features` in place."""
        kv = features.new_empty(len(features) + 1, 2 * features.shape[1])
        kv[-1] = 0  # what lies outside the picture
        share = even_share(len(features), self.pixels)
        for part, out in zip(features.split(share), kv[:-1].split(share), strict=True):
            out.copy_(self.kv(self.norm(part)))
        k, v = kv.chunk(2, dim=1)
        for band in grid.overlapping_bands:
            part = features[band.rows[0]]
            q = self.q(self.norm(part))
            out = torch.empty_like(q)
            self.attend(out, q, k, v, band.windows)
            self.proj.add_to(part, out)
