"""Layers of zero-padded maps do what those they are made of do; their padding stays zero."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from hatsr.inference.cuda.aligned import (
    AlignedConv,
    AlignedLinear,
    AlignedNorm,
    aligned,
    padded_at_end,
    padded_per_head,
    scatter_channels,
)
from hatsr.model.blocks import conv3x3, separable_conv


def test_heads_are_filled_up_each() -> None:
    x = torch.arange(1.0, 13)  # q, k of two heads of three
    assert padded_per_head(2, 3, 2).width == 32
    filled = scatter_channels(x, 0, padded_per_head(2, 3, 2)).view(4, 8)
    assert torch.equal(filled[:, :3].flatten(), x)
    assert not filled[:, 3:].any()
    assert scatter_channels(torch.ones(9, 2), 0, padded_at_end(9)).shape == (16, 2)


@pytest.mark.parametrize(("width", "least"), [(1, 8), (8, 8), (9, 16), (30, 32), (180, 184)])
def test_widths(width: int, least: int) -> None:
    assert aligned(width) == padded_at_end(width).width == least


def filled_up(x: Tensor) -> Tensor:
    """Nine channels, and zeros up to 16."""
    return pad(x, (0, 16 - x.shape[-1]))


def check_padded(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found[..., : wanted.shape[-1]], wanted)
    assert found.shape[-1] == 16
    assert not found[..., wanted.shape[-1] :].any()


@pytest.mark.parametrize("has_bias", [True, False])
def test_a_linear_layer(has_bias: bool) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(9, 11, bias=has_bias).double(), torch.randn(2, 3, 4, 9).double()
    padded = AlignedLinear(layer, padded_at_end(9), padded_at_end(11), torch.float64)
    with torch.no_grad():
        check_padded(padded(filled_up(x)), layer(x))


@pytest.mark.parametrize("make", [conv3x3, separable_conv, lambda i, o: nn.Conv2d(i, o, 1)])
def test_a_convolution(make: Callable[[int, int], nn.Module]) -> None:
    torch.manual_seed(0)
    conv, x = make(9, 11).double(), torch.randn(2, 5, 4, 9).double()
    with torch.no_grad():
        wanted = conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        check_padded(AlignedConv(conv, torch.float64)(filled_up(x)), wanted)


@pytest.mark.parametrize("gains", [None, 1, 2])
def test_a_norm_and_the_sum_before_it(gains: int | None) -> None:
    """Gains may be those of each picture, or one for all."""
    torch.manual_seed(0)
    norm = nn.LayerNorm(9).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x, y, gated = torch.randn(3, 2, 5, 4, 9).double()
    factors = None if gains is None else torch.rand(gains, 9).double()
    total = x + y if factors is None else x + y + gated * factors[:, None, None]
    given = filled_up(x)
    with torch.no_grad():
        padded = None if factors is None else filled_up(factors)
        found = AlignedNorm(norm, torch.float64)(given, filled_up(y), padded, filled_up(gated))
        check_padded(given, total)
        check_padded(found, norm(total))
