"""Window attention on a whole feature map, a band of windows at a time.

A window is read where it lies; what is kept beside the map are the queries, keys and values of a
band.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.inference.engine.linear import Layers
from hatsr.inference.engine.maps import Band, OverlappingBand, Pixels
from hatsr.model.attention import attention_with
from hatsr.model.blocks import OverlappingAttention, WindowAttention


def weights(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer; zeros where it has no bias."""
    weight = layer.weight
    return weight, weight.new_zeros(len(weight)) if layer.bias is None else layer.bias


class FastWindowAttention:
    """LN and (S)W-MSA, added to the features."""

    def __init__(
        self, norm: nn.LayerNorm, attention: WindowAttention, layers: Layers, pixels: int
    ) -> None:
        self.norm, self.shift = norm, attention.shift
        self.qkv = layers.linear(*weights(attention.qkv), pixels)
        self.proj = layers.linear(*weights(attention.proj), pixels)
        self.attend = attention_with(attention.bias())

    def __call__(self, features: Pixels, band: Band) -> None:
        """Change a band of `features` in place; no window reaches beyond its band."""
        parts = [features[rows] for rows in band.rows]
        normed = self.norm(parts[0] if len(parts) == 1 else torch.cat(parts))
        q, k, v = self.qkv(normed).chunk(3, dim=1)
        out = q.new_empty(q.shape)
        self.attend(out, q, k, v, band.windows)
        for rows, part in zip(band.rows, out.split([len(p) for p in parts]), strict=True):
            self.proj.add_to(features[rows], part)


class FastOverlappingAttention:
    """LN and OCA, added to the features in another map."""

    def __init__(
        self, norm: nn.LayerNorm, attention: OverlappingAttention, layers: Layers, pixels: int
    ) -> None:
        self.norm = norm
        c, (weight, bias) = attention.proj.in_features, weights(attention.qkv)
        self.q = layers.linear(weight[:c], bias[:c], pixels)
        self.kv = layers.linear(weight[c:], bias[c:], pixels)
        self.proj = layers.linear(*weights(attention.proj), pixels)
        self.attend = attention_with(attention.bias())

    def __call__(
        self, out: Pixels, features: Float[Tensor, "rows c"], band: OverlappingBand
    ) -> None:
        """Write a band of `features` with the attention's output added.

        Args:
            out: the band's part of another map.
            features: of the picture; keys and values are made of some more of them than the band.
            band: which windows.
        """
        normed = self.norm(features[band.around])
        kv = normed.new_empty(len(normed) + 1, 2 * normed.shape[1])
        kv[:-1], kv[-1] = self.kv(normed), 0  # the last is what lies outside the picture
        first = band.rows.start - band.around.start
        q = self.q(normed[first : first + len(out)])
        attended = torch.empty_like(q)
        k, v = kv.chunk(2, dim=1)
        self.attend(attended, q, k, v, band.windows)
        out.copy_(features[band.rows])
        self.proj.add_to(out, attended)
