"""Window attention on a whole feature map, in bands or chunks of windows.

With the native kernels a window is read where it lies, a band of window rows at a time;
otherwise chunks of windows are gathered for PyTorch's attention.
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hatsr.inference.layout import Index, Layout, even_share
from hatsr.inference.packed import PackedLinear
from hatsr.model.blocks import OverlappingAttention
from hatsr.model.blocks import WindowAttention as PlainWindowAttention
from hatsr.native import PackedBias, attend_into, pack_bias, supports_attention

Pixels = Float[Tensor, "p c"]


def _prepared(attention: PlainWindowAttention | OverlappingAttention) -> PackedBias | None:
    packs = supports_attention(attention.bias_table)
    return pack_bias(attention.bias()[0]) if packs else None


def _qkv(attention: PlainWindowAttention | OverlappingAttention) -> tuple[Tensor, Tensor]:
    """Weight and bias of the layer for queries, keys and values; zeros where it has no bias."""
    weight, bias = attention.qkv.weight, attention.qkv.bias
    return weight, weight.new_zeros(len(weight)) if bias is None else bias


class FastWindowAttention:
    """(S)W-MSA, added to the features. Only windows at the seam of a shift get a mask."""

    def __init__(self, attention: PlainWindowAttention, pixels: int) -> None:
        self.source, self.shift = attention, attention.shift
        self.qkv = PackedLinear(*_qkv(attention), pixels)
        self.proj = PackedLinear(attention.proj.weight, attention.proj.bias, pixels)
        self.bias = _prepared(attention)

    def __call__(
        self,
        features: Pixels,
        normed: Pixels,
        layout: Layout,
        masks: Float[Tensor, "4 1 q q"],
    ) -> None:
        """Change `features` in place, reading `normed`."""
        if self.bias is not None:
            self._native(features, normed, layout, self.bias)
            return
        bias = self.source.bias()
        if not self.shift:
            for index in layout.plain:
                out = self._attend(self.qkv(normed.index_select(0, index)), bias)
                features.index_add_(0, index, self.proj(out))
            return
        biases = [bias, *(bias + masks[1:, None])]
        for index, counts in layout.shifted:
            sizes = [count * self.source.size**2 for count in counts]
            parts = self.qkv(normed.index_select(0, index)).split(sizes)
            outs = [self._attend(p, biases[kind]) for kind, p in enumerate(parts) if len(p)]
            features.index_add_(0, index, self.proj(torch.cat(outs)))

    def _native(self, features: Pixels, normed: Pixels, layout: Layout, bias: PackedBias) -> None:
        for band in layout.bands(self.shift):
            parts = [normed[rows] for rows in band.rows]
            q, k, v = self.qkv(parts[0] if len(parts) == 1 else torch.cat(parts)).chunk(3, dim=1)
            out = q.new_empty(q.shape)
            attend_into(out, q, k, v, bias, band.places)
            for rows, part in zip(band.rows, out.split([len(p) for p in parts]), strict=True):
                self.proj.add_to(features[rows], part)

    def _attend(self, qkv: Float[Tensor, "p c3"], bias: Float[Tensor, "1 heads q q"]) -> Pixels:
        q, k, v = rearrange(
            qkv,
            "(n p) (three heads d) -> three n heads p d",
            p=bias.shape[2],
            three=3,
            heads=bias.shape[1],
        )
        out = scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return rearrange(out, "n heads p d -> (n p) (heads d)")


class FastOverlappingAttention:
    """OCA, added to the features; keys and values are gathered by index from one map of both."""

    def __init__(self, norm: nn.LayerNorm, attention: OverlappingAttention, pixels: int) -> None:
        self.norm, self.source, self.pixels = norm, attention, pixels
        weight, bias = _qkv(attention)
        c = weight.shape[1]
        self.q = PackedLinear(weight[:c], bias[:c], pixels)
        self.kv = PackedLinear(weight[c:], bias[c:], pixels)
        self.proj = PackedLinear(attention.proj.weight, attention.proj.bias, pixels)
        self.bias = _prepared(attention)

    def __call__(self, features: Pixels, layout: Layout) -> None:
        """Change `features` in place."""
        kv = features.new_empty(len(features) + 1, 2 * features.shape[1])
        kv[-1] = 0  # what lies outside the picture
        share = even_share(len(features), self.pixels)
        for part, out in zip(features.split(share), kv[:-1].split(share), strict=True):
            out.copy_(self.kv(self.norm(part)))
        if self.bias is not None:
            self._native(features, kv, layout, self.bias)
            return
        bias = self.source.bias()
        for index, key_index in zip(layout.plain, layout.overlapping, strict=True):
            self._chunk(features, index, kv.index_select(0, key_index), bias)

    def _native(
        self, features: Pixels, kv: Float[Tensor, "p2 c2"], layout: Layout, bias: PackedBias
    ) -> None:
        k, v = kv.chunk(2, dim=1)
        for band in layout.overlapping_bands:
            part = features[band.rows[0]]
            q = self.q(self.norm(part))
            out = torch.empty_like(q)
            attend_into(out, q, k, v, bias, band.places)
            self.proj.add_to(part, out)

    def _chunk(
        self,
        features: Pixels,
        index: Index,
        kv: Float[Tensor, "p2 c2"],
        bias: Float[Tensor, "1 heads q k"],
    ) -> None:
        _, heads, queries, keys = bias.shape
        q = self.q(self.norm(features.index_select(0, index)))
        q = rearrange(q, "(n p) (heads d) -> n heads p d", p=queries, heads=heads)
        k, v = rearrange(kv, "(n p) (two heads d) -> two n heads p d", p=keys, two=2, heads=heads)
        out = scaled_dot_product_attention(q, k, v, attn_mask=bias)
        out = rearrange(out, "n heads p d -> (n p) (heads d)")
        features.index_add_(0, index, self.proj(out))
