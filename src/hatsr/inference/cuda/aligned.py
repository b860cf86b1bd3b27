"""Layers zero-padded to widths that a GPU's matrix units like.

They read 16 bytes at a time; of widths that are no multiple of 8, such as HAT's 180 channels in
heads of 30, they read less or nothing. The channels that fill up are zero in every map.
"""

from dataclasses import dataclass
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from hatsr.inference.engine.fast_blocks import dense
from hatsr.model.blocks import Features
from hatsr.model.triton.triton_support import supports_triton

_ALIGNED = 8


@dataclass(frozen=True, slots=True)
class Channels:
    """Where the channels of a network are in a wider map."""

    places: Int[Tensor, " c"]
    """Of each of the network's channels, in its order."""
    width: int
    """Channels of the map."""


def aligned(width: int) -> int:
    """The least multiple of 8 that is not below a width."""
    return -(-width // _ALIGNED) * _ALIGNED


def padded_at_end(width: int) -> Channels:
    """Channels in their order, zeros behind them."""
    return Channels(torch.arange(width), aligned(width))


def padded_per_head(heads: int, head_width: int, parts: int = 1) -> Channels:
    """Channels of (parts heads d), each head with its zeros behind it."""
    wide = aligned(head_width)
    head = torch.arange(parts * heads)[:, None] * wide
    return Channels((head + torch.arange(head_width)).flatten(), parts * heads * wide)


def scatter_channels(x: Tensor, axis: int, channels: Channels) -> Tensor:
    """A tensor with an axis of the network's channels made as wide as the map's."""
    shape = list(x.shape)
    shape[axis] = channels.width
    return x.detach().new_zeros(shape).index_copy(axis, channels.places.to(x.device), x.detach())


class AlignedLinear:
    """A linear layer of zero-padded maps.

    Args:
        layer: what it does.
        inputs: where its inputs are.
        outputs: where its outputs go.
        dtype: in which it multiplies.
    """

    def __init__(
        self, layer: nn.Linear, inputs: Channels, outputs: Channels, dtype: torch.dtype
    ) -> None:
        weight = scatter_channels(scatter_channels(layer.weight, 1, inputs), 0, outputs)
        self.weight = weight.to(dtype)
        bias = weight.new_zeros(outputs.width)
        self.bias = (bias if layer.bias is None else scatter_channels(layer.bias, 0, outputs)).to(
            dtype
        )

    def __call__(self, x: Float[Tensor, "b h w i"]) -> Float[Tensor, "b h w o"]:
        """The output of the layer."""
        return functional.linear(x, self.weight, self.bias)


class AlignedConv:
    """A convolution of zero-padded maps; a separable one is multiplied out.

    Args:
        conv: what it does.
        dtype: in which it multiplies.
    """

    def __init__(self, conv: nn.Module, dtype: torch.dtype) -> None:
        weight, bias = dense(conv)
        outputs, inputs = (padded_at_end(n) for n in weight.shape[:2])
        weight = scatter_channels(scatter_channels(weight, 1, inputs), 0, outputs).to(dtype)
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias, self.padding = (
            scatter_channels(bias, 0, outputs).to(dtype),
            weight.shape[-1] // 2,
        )

    def __call__(self, x: Float[Tensor, "b h w i"]) -> Float[Tensor, "b h w o"]:
        """The output of the convolution, of the same size."""
        x = x.permute(0, 3, 1, 2)  # in memory that is channels_last
        y = functional.conv2d(x, self.weight, self.bias, padding=self.padding)
        return y.permute(0, 2, 3, 1)


class AlignedNorm:
    """A layer norm over the true channels of zero-padded maps, and the sum before it.

    Args:
        norm: what it does.
        dtype: of its output.
    """

    def __init__(self, norm: nn.LayerNorm, dtype: torch.dtype) -> None:
        self.norm, self.dtype = norm, dtype
        (self.channels,) = norm.normalized_shape
        front = padded_at_end(self.channels)
        self.width = front.width
        self.weight, self.bias = (scatter_channels(t, 0, front) for t in (norm.weight, norm.bias))

    def __call__(
        self,
        x: Features,
        y: Features | None = None,
        gains: Float[Tensor, "_ c"] | None = None,
        gated: Features | None = None,
    ) -> Features:
        """Add `y`, and what is gated times its gains, to `x` in place; the norm of the sum."""
        if x.dtype == torch.float32 and supports_triton(x):
            return self._in_one_pass(x, y, gains, gated)
        if y is not None:
            x += y
        if gated is not None and gains is not None:
            x += gated * gains[:, None, None]
        normed = self.norm(x[..., : self.channels]).to(self.dtype)
        return functional.pad(normed, (0, self.width - self.channels))

    def _in_one_pass(
        self,
        x: Features,
        y: Features | None,
        gains: Float[Tensor, "_ c"] | None,
        gated: Features | None,
    ) -> Features:
        from hatsr.inference.cuda.norm_kernel import add_and_norm  # Triton is beside CUDA alone

        is_sum, is_gated = y is not None, gated is not None and gains is not None
        if not is_sum:
            x = x.contiguous()  # a part of a map, which nothing is added to
        b, h, w, width = x.shape
        normed, unused = x.new_empty(x.shape, dtype=self.dtype), self.weight
        given = [unused if t is None else t.contiguous() for t in (y, gated, gains)]
        per_picture = width if gains is not None and len(gains) > 1 else 0
        block, kernel = 8, cast(Any, add_and_norm)
        with torch.cuda.device_of(x):
            kernel[(-(-b * h * w // block),)](
                x,
                *given,
                self.weight,
                self.bias,
                normed,
                b * h * w,
                h * w,
                per_picture,
                self.norm.eps,
                channels=self.channels,
                width=width,
                has_sum=is_sum,
                has_gated=is_gated,
                lanes=1 << (width - 1).bit_length(),
                block=block,
            )
        return normed
