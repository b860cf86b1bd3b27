"""HAT as the paper describes it, one operation after the other: what ours is held against.

Attention scores, their softmax and their product with the values are whole tensors; masks and bias
are built at each layer; convolutions run on b c h w. It uses the weights of a `hatsr.HAT`.
"""

from collections.abc import Iterable
from typing import cast

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import gelu, pad, unfold

from hatsr import HAT
from hatsr.model.blocks import HAB, OCAB, OverlappingAttention, WindowAttention
from hatsr.model.network import RHAG
from hatsr.model.windows import merge, partition, shift_mask


def attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    heads = bias.shape[1]
    q, k, v = (rearrange(t, "n p (heads d) -> n heads p d", heads=heads) for t in (q, k, v))
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1) + bias
    return rearrange(scores.softmax(-1) @ v, "n heads p d -> n p (heads d)")


def window_attention(layer: WindowAttention, x: Tensor) -> Tensor:
    b, h, w, _ = x.shape
    bias, shift = layer.bias()[None], layer.shift
    if shift:
        x = x.roll((-shift, -shift), (1, 2))
        bias = bias + shift_mask(h, w, layer.size, shift).to(bias)[:, None]
        bias = bias.repeat(b, 1, 1, 1)
    q, k, v = layer.qkv(partition(x, layer.size)).chunk(3, dim=-1)
    x = merge(layer.proj(attention(q, k, v, bias)), layer.size, h, w)
    return x.roll((shift, shift), (1, 2)) if shift else x


def overlapping_attention(layer: OverlappingAttention, x: Tensor) -> Tensor:
    _, h, w, _ = x.shape
    size, large = layer.size, layer.overlap_size
    q, k, v = layer.qkv(x).chunk(3, dim=-1)
    margin = (large - size) // 2
    kv = pad(rearrange(torch.cat((k, v), -1), "b h w c -> b c h w"), (margin,) * 4)
    kv = rearrange(unfold(kv, large, stride=size), "b (c p) n -> (b n) p c", p=large**2)
    k, v = kv.chunk(2, dim=-1)
    return layer.proj(merge(attention(partition(q, size), k, v, layer.bias()[None]), size, h, w))


def hab(block: HAB, x: Tensor) -> Tensor:
    normed = block.norm1(x)
    y = x + window_attention(block.attention, normed)
    if block.cab is not None:
        z = rearrange(normed, "b h w c -> b c h w").contiguous()
        z = block.cab.expand(gelu(block.cab.compress(z)))
        if block.cab.attention is not None:
            z = z * block.cab.attention(z)[:, :, None, None]
        y = y + rearrange(z, "b c h w -> b h w c") * block.cab.alpha
    return block.mlp(y, block.norm2)


def ocab(block: OCAB, x: Tensor) -> Tensor:
    x = x + overlapping_attention(block.attention, block.norm1(x))
    return block.mlp(x, block.norm2)


def forward(model: HAT, lr: Tensor) -> Tensor:
    """LR to SR; height and width are multiples of the window."""
    shallow = model.shallow(lr - model.mean)
    x = model.embed_norm(rearrange(shallow, "b c h w -> b h w c"))
    for group in cast("Iterable[RHAG]", model.groups):
        y = x
        for block in cast("Iterable[HAB]", group.blocks):
            y = hab(block, y)
        y = ocab(cast("OCAB", group.ocab), y)
        x = x + rearrange(group.conv(rearrange(y, "b h w c -> b c h w")), "b c h w -> b h w c")
    deep = model.body_conv(rearrange(model.norm(x), "b h w c -> b c h w").contiguous())
    return model.tail(deep + shallow) + model.mean
