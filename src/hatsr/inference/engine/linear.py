"""Linear layers and 3 x 3 convolutions with what follows them fused in, three ways each.

On a CPU with matrix units a native kernel runs them, and in bfloat16 also on one with AVX512_BF16.
On others with oneDNN, weights are packed once into its own order, and bias, GELU and the sum with a
residual happen while the product is still in cache (the operators that torch's own compiler emits).
Elsewhere the same meaning in plain torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, linear

from hatsr.native import PackedProduct, supports_products

_POINT = ([0, 0], [1, 1], [1, 1])  # padding, stride, dilation of a 1 x 1 convolution
_COLUMNS = ([0, 1], [1, 1], [1, 1])  # of a 3 x 3 one that pads columns alone


@runtime_checkable
class FastLinear(Protocol):
    """A linear layer, ready to run."""

    def __call__(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer."""
        ...

    def then_gelu(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer, through a GELU."""
        ...

    def add_to(self, other: Float[Tensor, "p o"], x: Float[Tensor, "p i"]) -> None:
        """Add the layer's output for `x` to `other`, in place."""
        ...


@runtime_checkable
class FastConv(Protocol):
    """A 3 x 3 convolution that pads columns with zeros and uses up one row above and below."""

    def then_gelu(self, x: Float[Tensor, "bordered_h w i"]) -> Float[Tensor, "h w o"]:
        """The output of the convolution, through a GELU."""
        ...

    def add_to(self, other: Float[Tensor, "h w o"], x: Float[Tensor, "bordered_h w i"]) -> None:
        """Add the convolution of `x` to `other`, in place."""
        ...


GatedConv = Callable[[Float[Tensor, " o"]], FastConv]
"""A convolution for gains, by which each output channel is multiplied."""


@dataclass(frozen=True, slots=True)
class Layers:
    """How an engine makes its layers from weights and biases."""

    linear: Callable[[Tensor, Tensor, int], FastLinear]
    """Makes a linear layer from weight o i, bias o and the rows that it runs on at a time."""
    conv: Callable[[Tensor, Tensor], FastConv]
    """Makes a convolution from weight o i 3 3 and bias o."""
    gated_conv: Callable[[Tensor, Tensor], GatedConv]
    """Makes a convolution whose output channels are multiplied by gains that come later."""
    closing: Callable[[nn.Module], nn.Module]
    """Replaces the convolutions after the last RHAG."""


def fuses(weight: Tensor) -> bool:
    """Whether oneDNN's fused operators exist for such weights."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise_")
    )


def make_linear(weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"], rows: int) -> FastLinear:
    """The fastest linear layer here, for about `rows` rows at a time."""
    weight, bias = weight.detach(), bias.detach()
    if supports_products(weight):
        return PackedProduct(weight[:, None], bias)
    return FusedLinear(weight, bias, rows) if fuses(weight) else PlainLinear(weight, bias)


def make_conv(weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> FastConv:
    """The fastest convolution for these weights on this machine."""
    weight, bias = weight.detach(), bias.detach()
    if supports_products(weight):
        return PackedProduct(weight.permute(0, 2, 3, 1).flatten(1, 2), bias)
    return FusedConv(weight, bias) if fuses(weight) else PlainConv(weight, bias)


def make_gated_conv(weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> GatedConv:
    """The gain goes into weight and bias."""
    return lambda gain: make_conv(weight * gain[:, None, None, None], bias * gain)


FLOAT = Layers(make_linear, make_conv, make_gated_conv, closing=lambda convolutions: convolutions)
"""Layers that compute in the precision of their weights."""


def rounded_linear(weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"], _: int) -> FastLinear:
    """A linear layer of factors rounded to bfloat16."""
    return PackedProduct(weight.detach()[:, None], bias, rounded=True)


def rounded_conv(weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> FastConv:
    """A convolution of factors rounded to bfloat16."""
    taps = weight.detach().permute(0, 2, 3, 1).flatten(1, 2)
    return PackedProduct(taps, bias, rounded=True)


def rounded_gated_conv(weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> GatedConv:
    """The gain goes into weight and bias before they are rounded."""
    return lambda gain: rounded_conv(weight * gain[:, None, None, None], bias * gain)


ROUNDED = Layers(
    rounded_linear, rounded_conv, rounded_gated_conv, closing=lambda convolutions: convolutions
)
"""Layers of factors rounded to bfloat16, for a CPU that multiplies such; features, sums and the
convolutions after the last RHAG stay in float32."""


class PlainLinear:
    """A `FastLinear` in plain torch."""

    def __init__(self, weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"]) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer."""
        return linear(x, self.weight, self.bias)

    def then_gelu(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer, through a GELU."""
        return torch.ops.aten.gelu_(self(x))

    def add_to(self, other: Float[Tensor, "p o"], x: Float[Tensor, "p i"]) -> None:
        """Add the layer's output for `x` to `other`, in place."""
        other += self(x)


class FusedLinear:
    """A `FastLinear` of oneDNN."""

    def __init__(self, weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"], rows: int) -> None:
        self.plain, self.bias, self.rows = weight, bias, rows
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, rows)

    def __call__(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer."""
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")

    def then_gelu(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer, through a GELU."""
        if _slow_gelu():
            return torch.ops.aten.gelu_(self(x))
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "none")

    def add_to(self, other: Float[Tensor, "p o"], x: Float[Tensor, "p i"]) -> None:
        """Add the layer's output for `x` to `other`, in place."""
        # A 1 x 1 convolution: that operator can add in place, the linear one cannot.
        operator = torch.ops.mkldnn._convolution_pointwise_.binary
        image, out = (t.t()[None, :, None] for t in (x, other))  # 1 i 1 p
        operator(out, image, self._point, self.bias, *_POINT, 1, "add", 1.0, None, [], None)

    @cached_property
    def _point(self) -> Tensor:
        """The weight packed as a 1 x 1 convolution."""
        weight = self.plain[:, :, None, None]
        shape = [1, weight.shape[1], 1, self.rows]
        return torch.ops.mkldnn._reorder_convolution_weight(weight, *_POINT, 1, shape)


class PlainConv:
    """A `FastConv` in plain torch."""

    def __init__(self, weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> None:
        self.weight, self.bias = weight, bias

    def then_gelu(self, x: Float[Tensor, "bordered_h w i"]) -> Float[Tensor, "h w o"]:
        """The output of the convolution, through a GELU."""
        y = gelu(conv2d(x.permute(2, 0, 1)[None], self.weight, self.bias, padding=(0, 1)))
        return y[0].permute(1, 2, 0)

    def add_to(self, other: Float[Tensor, "h w o"], x: Float[Tensor, "bordered_h w i"]) -> None:
        """Add the convolution of `x` to `other`, in place."""
        x, out = x.permute(2, 0, 1)[None], other.permute(2, 0, 1)[None]
        out += conv2d(x, self.weight, self.bias, padding=(0, 1))


class FusedConv:
    """A `FastConv` of oneDNN."""

    def __init__(self, weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> None:
        self.bias = bias
        pack = torch.ops.mkldnn._reorder_convolution_weight
        self.weight = pack(weight, *_COLUMNS, 1, [1, weight.shape[1], 64, 64])

    def then_gelu(self, x: Float[Tensor, "bordered_h w i"]) -> Float[Tensor, "h w o"]:
        """The output of the convolution, through a GELU."""
        operator = torch.ops.mkldnn._convolution_pointwise
        x = x.permute(2, 0, 1)[None]
        y = operator(x, self.weight, self.bias, *_COLUMNS, 1, "gelu", [], "none")
        return y[0].permute(1, 2, 0)

    def add_to(self, other: Float[Tensor, "h w o"], x: Float[Tensor, "bordered_h w i"]) -> None:
        """Add the convolution of `x` to `other`, in place."""
        operator = torch.ops.mkldnn._convolution_pointwise_.binary
        x, out = x.permute(2, 0, 1)[None], other.permute(2, 0, 1)[None]
        operator(out, x, self.weight, self.bias, *_COLUMNS, 1, "add", 1.0, None, [], None)


def _slow_gelu() -> bool:
    """Whether oneDNN's GELU takes longer than a pass of its own: so it is without AVX-512."""
    return torch.backends.cpu.get_cpu_capability() != "AVX512"
