"""Window attention on a whole feature map, a band of windows at a time.

A window is read where it lies; what is kept beside the map are the queries, keys and values of a
band, or the keys and values of the map where windows overlap.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.inference.engine.bands import Band
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

    def __call__(self, features: Pixels, normed: Pixels, band: Band) -> None:
        """Change a band of `features` in place, reading `normed`."""
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
        self.norm = norm
        c, (weight, bias) = attention.proj.in_features, weights(attention.qkv)
        self.q = layers.linear(weight[:c], bias[:c], pixels)
        self.kv = layers.linear(weight[c:], bias[c:], pixels)
        self.proj = layers.linear(*weights(attention.proj), pixels)
        self.attend = attention_with(attention.bias())

    def keys_and_values(self, features: Pixels) -> Float[Tensor, "p kv"]:
        """Keys and values of some pixels."""
        return self.kv(self.norm(features))

    def __call__(self, features: Pixels, kv: Float[Tensor, "rows kv"], band: Band) -> None:
        """Change a band of `features` in place.

        Args:
            features: of the picture.
            kv: keys and values of the picture's pixels, then those of what lies outside: zeros.
            band: which windows.
        """
        part = features[band.rows[0]]
        q = self.q(self.norm(part))
        out = torch.empty_like(q)
        k, v = kv.chunk(2, dim=1)
        self.attend(out, q, k, v, band.windows)
        self.proj.add_to(part, out)
