"""Linear layers and convolutions with what follows them fused in.

On a CPU with matrix units a native kernel runs them. On others with oneDNN, weights are packed once
into its own order, and bias, GELU and the sum with a residual happen while the product is still in
cache (the operators that torch's own compiler emits). Elsewhere the same meaning in plain torch.
"""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, gelu, linear

from hatsr.native import PackedProduct, supports_products


def fuses(weight: Tensor) -> bool:
    """Whether oneDNN's fused operators exist for such weights."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise_")
    )


def _slow_gelu() -> bool:
    """Whether oneDNN's GELU takes longer than a pass of its own: so it is without AVX-512."""
    return torch.backends.cpu.get_cpu_capability() != "AVX512"


_POINT = ([0, 0], [1, 1], [1, 1])  # padding, stride, dilation of a 1 x 1 convolution


class PackedLinear:
    """A linear layer, ready to run on about `rows` rows at a time."""

    def __init__(self, weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"], rows: int) -> None:
        self.fused, self.plain, self.bias = fuses(weight), weight.detach(), bias.detach()
        self.weight, self.rows = self.plain, rows
        self.tiles = None
        if supports_products(weight):
            self.tiles = PackedProduct(self.plain[:, None], self.bias)
        elif self.fused:
            self.weight = torch.ops.mkldnn._reorder_linear_weight(self.plain, rows)

    def __call__(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The layer alone."""
        if self.tiles is not None:
            return self.tiles(x)
        if not self.fused:
            return linear(x, self.weight, self.bias)
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")

    def then_gelu(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The layer and a GELU."""
        if self.tiles is not None:
            return self.tiles.then_gelu(x)
        if not self.fused or _slow_gelu():
            return torch.ops.aten.gelu_(self(x))
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "none")

    def add_to(self, other: Float[Tensor, "p o"], x: Float[Tensor, "p i"]) -> None:
        """Add the layer's output for `x` to `other`, in place."""
        if self.tiles is not None:
            self.tiles.add_to(other, x)
            return
        if not self.fused:
            other += linear(x, self.weight, self.bias)
            return
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


class PackedConv:
    """A 3 x 3 convolution that pads columns with zeros and uses up one row above and below."""

    _GEOMETRY = ([0, 1], [1, 1], [1, 1])  # padding, stride, dilation

    def __init__(self, weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> None:
        self.fused, self.plain, self.bias = fuses(weight), weight.detach(), bias.detach()
        self.weight = self.plain
        self.tiles = None
        if supports_products(weight):
            taps = self.plain.permute(0, 2, 3, 1).flatten(1, 2)
            self.tiles = PackedProduct(taps, self.bias)
        elif self.fused:
            pack = torch.ops.mkldnn._reorder_convolution_weight
            self.weight = pack(self.plain, *self._GEOMETRY, 1, [1, weight.shape[1], 64, 64])

    def then_gelu(self, x: Float[Tensor, "h w i"]) -> Float[Tensor, "h2 w o"]:
        """The convolution and a GELU."""
        if self.tiles is not None:
            return self.tiles.then_gelu(x)
        x = x.permute(2, 0, 1)[None]
        if self.fused:
            operator = torch.ops.mkldnn._convolution_pointwise
            y = operator(x, self.weight, self.bias, *self._GEOMETRY, 1, "gelu", [], "none")
        else:
            y = gelu(conv2d(x, self.weight, self.bias, padding=(0, 1)))
        return y[0].permute(1, 2, 0)

    def add_to(self, other: Float[Tensor, "h2 w o"], x: Float[Tensor, "h w i"]) -> None:
        """Add the convolution of `x` to `other`, in place."""
        if self.tiles is not None:
            self.tiles.add_to(other, x)
            return
        x, out = x.permute(2, 0, 1)[None], other.permute(2, 0, 1)[None]
        if self.fused:
            operator = torch.ops.mkldnn._convolution_pointwise_.binary
            geometry = (*self._GEOMETRY, 1)
            operator(out, x, self.weight, self.bias, *geometry, "add", 1.0, None, [], None)
        else:
            out += conv2d(x, self.weight, self.bias, padding=(0, 1))
