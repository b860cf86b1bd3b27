"""Layers filled up with zeros to the widths that a GPU's matrix units like.

They read 16 bytes at a time; of widths that are no multiple of 8, such as HAT's 180 channels in
heads of 30, they read less or nothing. The channels that fill up are zero in every map.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from hatsr.inference.engine.fast_blocks import dense
from hatsr.model.blocks import Features

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


def in_front(width: int) -> Channels:
    """Channels in their order, zeros behind them."""
    return Channels(torch.arange(width), aligned(width))


def by_head(heads: int, head_width: int, parts: int = 1) -> Channels:
    """Channels of (parts heads d), each head with its zeros behind it."""
    wide = aligned(head_width)
    head = torch.arange(parts * heads)[:, None] * wide
    return Channels((head + torch.arange(head_width)).flatten(), parts * heads * wide)


def spread(x: Tensor, axis: int, channels: Channels) -> Tensor:
    """A tensor with an axis of the network's channels made as wide as the map's."""
    shape = list(x.shape)
    shape[axis] = channels.width
    return x.detach().new_zeros(shape).index_copy(axis, channels.places.to(x.device), x.detach())


class AlignedLinear:
    """A linear layer of filled up maps.

    Args:
        layer: what it does.
        inputs: where its inputs are.
        outputs: where its outputs go.
        dtype: in which it multiplies.
    """

    def __init__(
        self, layer: nn.Linear, inputs: Channels, outputs: Channels, dtype: torch.dtype
    ) -> None:
        weight = spread(spread(layer.weight, 1, inputs), 0, outputs)
        self.weight = weight.to(dtype)
        bias = weight.new_zeros(outputs.width)
        self.bias = (bias if layer.bias is None else spread(layer.bias, 0, outputs)).to(dtype)

    def __call__(self, x: Float[Tensor, "b h w i"]) -> Float[Tensor, "b h w o"]:
        """The output of the layer."""
        return functional.linear(x, self.weight, self.bias)


class AlignedConv:
    """A convolution of filled up maps; a separable one is multiplied out.

    Args:
        conv: what it does.
        dtype: in which it multiplies.
    """

    def __init__(self, conv: nn.Module, dtype: torch.dtype) -> None:
        weight, bias = dense(conv)
        outputs, inputs = (in_front(n) for n in weight.shape[:2])
        weight = spread(spread(weight, 1, inputs), 0, outputs).to(dtype)
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias, self.padding = spread(bias, 0, outputs).to(dtype), weight.shape[-1] // 2

    def __call__(self, x: Float[Tensor, "b h w i"]) -> Float[Tensor, "b h w o"]:
        """The output of the convolution, of the same size."""
        x = x.permute(0, 3, 1, 2)  # in memory that is channels_last
        y = functional.conv2d(x, self.weight, self.bias, padding=self.padding)
        return y.permute(0, 2, 3, 1)


class AlignedNorm:
    """A layer norm over the true channels of filled up maps, and the sum before it.

    Args:
        norm: what it does.
        dtype: of its output.
    """

    def __init__(self, norm: nn.LayerNorm, dtype: torch.dtype) -> None:
        self.norm, self.dtype = norm, dtype
        (self.channels,) = norm.normalized_shape
        self.width = aligned(self.channels)
        self.weight, self.bias = (spread(t, 0, in_front(self.channels)) for t in norm.parameters())

    def __call__(self, x: Features) -> Features:
        """The norm of a map."""
        y = self.norm(x[..., : self.channels]).to(self.dtype)
        return functional.pad(y, (0, self.width - self.channels))

    def add(
        self, x: Features, y: Features, gains: Float[Tensor, "_ c"] | None, gated: Features | None
    ) -> Features:
        """Add `y`, and what is gated times its gains, to `x` in place; the norm of the sum."""
        x += y
        if gated is not None and gains is not None:
            x += gated * gains[:, None, None]
        return self(x)
