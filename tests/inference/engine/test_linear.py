"""Layers with what follows them fused in are PyTorch's own, each way that this machine has."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, gelu, linear

from hatsr.inference.engine import linear as layers
from hatsr.inference.engine.linear import (
    FastConv,
    FastLinear,
    make_conv,
    make_gated_conv,
    make_linear,
    rounded_conv,
    rounded_linear,
)
from hatsr.native import supports_rounded_products

PARTS = pytest.mark.parametrize("fused", [True, False])


def close(found: Tensor, expected: Tensor, error: float) -> bool:
    return bool((found - expected).abs().max() < error * expected.abs().max())


@PARTS
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_linear(rows: int, fused: bool, near: float, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fused:
        monkeypatch.setattr(layers, "fuses", lambda weight: False)
    weight, bias, x = torch.randn(12, 20), torch.randn(12), torch.randn(rows, 20)
    layer = make_linear(weight, bias, rows)
    assert isinstance(layer, FastLinear)
    expected, other = linear(x, weight, bias), torch.randn(rows, 12)
    total = other + expected
    assert close(layer(x), expected, near)
    assert close(layer.then_gelu(x), gelu(expected), near)
    layer.add_to(other, x)
    assert close(other, total, near)


def by_torch(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A 3 x 3 convolution that pads columns only; h w c."""
    y = conv2d(x.permute(2, 0, 1)[None], weight, bias, padding=(0, 1))
    return y[0].permute(1, 2, 0)


@PARTS
@pytest.mark.parametrize("size", [(1, 1), (3, 9), (8, 16)])
def test_convolution(
    size: tuple[int, int], fused: bool, near: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fused:
        monkeypatch.setattr(layers, "fuses", lambda weight: False)
    height, width = size
    weight, bias = torch.randn(6, 5, 3, 3), torch.randn(6)
    gain, x = torch.rand(6), torch.randn(height + 2, width, 5)
    gated_weight = weight * gain[:, None, None, None]
    makers: list[tuple[FastConv, Tensor]] = [
        (make_conv(weight, bias), by_torch(x, weight, bias)),
        (make_gated_conv(weight, bias)(gain), by_torch(x, gated_weight, bias * gain)),
    ]
    for conv, expected in makers:
        other = torch.randn(height, width, 6)
        total = other + expected
        assert isinstance(conv, FastConv)
        assert close(conv.then_gelu(x), gelu(expected), near)
        conv.add_to(other, x)
        assert close(other, total, near)


@pytest.mark.skipif(not supports_rounded_products(), reason="no units for bfloat16")
@pytest.mark.parametrize(
    ("make", "shape"), [(rounded_linear, (12, 20)), (rounded_conv, (12, 20, 3, 3))]
)
def test_rounded_factors(make: Callable[..., FastLinear | FastConv], shape: tuple) -> None:
    """As PyTorch's layer with both factors rounded to bfloat16, sums in float32."""
    weight, bias = torch.randn(shape), torch.randn(shape[0])
    x = torch.randn(9, 20) if len(shape) == 2 else torch.randn(5, 9, 20)
    arguments = (weight, bias, 9) if len(shape) == 2 else (weight, bias)
    inner, factor = x.bfloat16().float(), weight.bfloat16().float()
    expected = linear(inner, factor, bias) if len(shape) == 2 else by_torch(inner, factor, bias)
    other = torch.zeros_like(expected)
    make(*arguments).add_to(other, x)
    assert close(other, expected, 1e-5)
