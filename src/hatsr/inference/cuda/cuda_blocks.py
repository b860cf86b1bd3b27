"""The blocks of the network on batches of pictures: residual features exact, products in half.

Features are ``b h w c`` and change in place; what a block adds last is added by the next norm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import gelu, pad

from hatsr.inference.cuda.aligned import (
    AlignedConv,
    AlignedLinear,
    AlignedNorm,
    aligned,
    by_head,
    in_front,
)
from hatsr.inference.engine.fast_blocks import Mean
from hatsr.inference.runner import Box
from hatsr.model.attention import attend
from hatsr.model.blocks import CAB, HAB, OCAB, Features, OverlappingAttention, WindowAttention
from hatsr.model.network import RHAG


@dataclass(slots=True)
class Pooling:
    """Over what channel attention pools, and what it found."""

    cores: Sequence[Box] | None = None
    """Part of each picture; then all pictures of the batch share one mean. None: each its own."""
    given: Iterator[Mean] | None = None
    """Means to use instead, one for each HAB."""
    found: list[Mean] = field(default_factory=list)
    """Means of all cores together, one for each HAB."""

    def __call__(self, x: Features) -> Float[Tensor, "_ c"]:
        """The mean of each picture."""
        dtype = torch.promote_types(x.dtype, torch.float32)
        if self.given is not None:
            return next(self.given).to(x.device, dtype)[None]
        if self.cores is None:
            return x.mean((1, 2), dtype=dtype)
        pictures = zip(x, self.cores, strict=True)
        sums = [one[core.rows, core.cols].sum((0, 1), dtype=dtype) for one, core in pictures]
        self.found.append(torch.stack(sums).sum(0) / sum(core.area for core in self.cores))
        return self.found[-1][None]


class CudaAttention:
    """(S)W-MSA or OCA, from normed features to what is added."""

    def __init__(
        self, attention: WindowAttention | OverlappingAttention, dtype: torch.dtype
    ) -> None:
        width, bias = attention.proj.in_features, attention.bias().detach()
        heads, head_width = len(bias), width // len(bias)
        inside, outside = by_head(heads, head_width), in_front(width)
        self.qkv = AlignedLinear(attention.qkv, outside, by_head(heads, head_width, 3), dtype)
        self.proj = AlignedLinear(attention.proj, inside, outside, dtype)
        # Scores are divided by the root of a head's width, which is larger now.
        queries = self.qkv.weight.shape[0] // 3
        larger = (aligned(head_width) / head_width) ** 0.5
        self.qkv.weight[:queries] *= larger
        self.qkv.bias[:queries] *= larger
        # float16 holds a bias more exactly than bfloat16.
        self.bias = bias.half() if dtype.itemsize == 2 else bias.to(dtype)
        self.sizes = {"window": attention.size, "overlap": 0, "shift": 0}
        if isinstance(attention, OverlappingAttention):
            self.sizes["overlap"] = attention.overlap_size - attention.size
        else:
            self.sizes["shift"] = attention.shift

    def __call__(self, normed: Features) -> Features:
        """What is added to the features."""
        return self.proj(attend(self.qkv(normed), self.bias, **self.sizes))


class CudaMLP:
    """MLP, from normed features to what is added."""

    def __init__(self, fc1: nn.Linear, fc2: nn.Linear, dtype: torch.dtype) -> None:
        hidden, outside = in_front(fc1.out_features), in_front(fc2.out_features)
        self.fc1 = AlignedLinear(fc1, outside, hidden, dtype)
        self.fc2 = AlignedLinear(fc2, hidden, outside, dtype)

    def __call__(self, normed: Features) -> Features:
        """What is added to the features."""
        return self.fc2(gelu(self.fc1(normed)))


class CudaCAB:
    """CAB, from normed features to what is added, and by what it is multiplied first."""

    def __init__(self, cab: CAB, dtype: torch.dtype) -> None:
        self.compress, self.expand = (AlignedConv(c, dtype) for c in (cab.compress, cab.expand))
        self.attention, self.alpha = cab.attention, cab.alpha

    def __call__(self, normed: Features, pooling: Pooling) -> tuple[Features, Float[Tensor, "_ c"]]:
        """The convolutions' output and its gains."""
        y = self.expand(gelu(self.compress(normed)))
        if self.attention is None:
            dtype = torch.promote_types(y.dtype, torch.float32)
            return y, y.new_full((1, y.shape[-1]), self.alpha, dtype=dtype)
        width = self.attention.excite.out_features
        gains = self.attention.gate(pooling(y[..., :width])) * self.alpha
        return y, pad(gains, (0, y.shape[-1] - width))


class CudaBlock:
    """A HAB or an OCAB."""

    def __init__(self, block: HAB | OCAB, dtype: torch.dtype) -> None:
        self.norm1, self.norm2 = (AlignedNorm(n, dtype) for n in (block.norm1, block.norm2))
        self.attention = CudaAttention(block.attention, dtype)
        cab = block.cab if isinstance(block, HAB) else None
        self.cab = None if cab is None else CudaCAB(cab, dtype)
        self.mlp = CudaMLP(block.mlp.fc1, block.mlp.fc2, dtype)

    def __call__(self, x: Features, before: Features | None, pooling: Pooling) -> Features:
        """Add `before` and this block to `x` in place, but for what is returned: its MLP."""
        normed = self.norm1(x, before)
        gated, gains = (None, None) if self.cab is None else self.cab(normed, pooling)
        return self.mlp(self.norm2(x, self.attention(normed), gains, gated))


class CudaRHAG:
    """One RHAG."""

    def __init__(self, group: RHAG, dtype: torch.dtype) -> None:
        parts = [*group.blocks, *([] if group.ocab is None else [group.ocab])]
        self.blocks = [CudaBlock(b, dtype) for b in parts if isinstance(b, HAB | OCAB)]
        self.close = Closing(group.conv, dtype)

    def __call__(self, x: Features, pooling: Pooling) -> None:
        """Change `x` in place."""
        y, added = x.clone(), None
        for block in self.blocks:
            added = block(y, added, pooling)
        if added is not None:
            y += added
        x += self.close(y)


class Closing:
    """The convolution that closes an RHAG or the body, one or three, or none."""

    def __init__(self, conv: nn.Module, dtype: torch.dtype) -> None:
        parts = list(conv) if isinstance(conv, nn.Sequential) else [conv]
        self.parts = [AlignedConv(p, dtype) if isinstance(p, nn.Conv2d) else p for p in parts]
        self.dtype = None if isinstance(conv, nn.Identity) else dtype

    def __call__(self, x: Features) -> Features:
        """Features to features of the same shape."""
        x = x if self.dtype is None else x.to(self.dtype)
        for part in self.parts:
            x = part(x)
        return x
