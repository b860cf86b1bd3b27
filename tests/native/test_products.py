"""Products on matrix units are linear layers and convolutions, exact to 2^-17 of their terms."""

import pytest
import torch
from torch.nn.functional import conv2d, gelu, linear

from hatsr.native import PackedProduct, supports_products, supports_rounded_products

needs_amx = pytest.mark.skipif(
    not supports_products(torch.empty(1)), reason="this processor has no matrix units"
)
needs_bf16 = pytest.mark.skipif(
    not supports_rounded_products(), reason="this processor does not multiply bfloat16"
)


def error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


@needs_amx
@pytest.mark.parametrize("has_gelu", [False, True])
@pytest.mark.parametrize("pixels", [1, 31, 32, 33, 200])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (7, 5), (32, 32), (48, 144), (180, 33)])
def test_linear(pixels: int, inputs: int, outputs: int, has_gelu: bool) -> None:
    torch.manual_seed(0)
    x, weight, bias = (
        torch.randn(pixels, inputs),
        torch.randn(outputs, inputs),
        torch.randn(outputs),
    )
    wanted = linear(x.double(), weight.double(), bias.double())
    wanted = gelu(wanted) if has_gelu else wanted
    layer = PackedProduct(weight[:, None], bias)
    assert error(layer.then_gelu(x) if has_gelu else layer(x), wanted) < 2e-5
    total = torch.ones(pixels, outputs)
    layer.add_to(total, x)
    assert error(total - 1, linear(x.double(), weight.double(), bias.double())) < 2e-5


@needs_amx
@pytest.mark.parametrize("size", [(1, 1), (3, 31), (2, 33), (5, 70)])
@pytest.mark.parametrize(("inputs", "outputs"), [(3, 5), (64, 40), (33, 64)])
def test_convolution(size: tuple[int, int], inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    height, width = size
    x = torch.randn(height + 2, width, inputs)
    weight, bias = torch.randn(outputs, inputs, 3, 3), torch.randn(outputs)
    image = x.permute(2, 0, 1)[None].double()
    wanted = conv2d(image, weight.double(), bias.double(), padding=(0, 1))[0].permute(1, 2, 0)
    layer = PackedProduct(weight.permute(0, 2, 3, 1).flatten(1, 2), bias)
    assert error(layer(x), wanted) < 2e-5
    total = torch.zeros(height, width, outputs)
    layer.add_to(total, x)
    assert error(total, wanted) < 2e-5


@needs_amx
def test_gelu_near_and_far_from_zero() -> None:
    x = torch.cat((torch.linspace(-12, 12, 4001), torch.tensor([-80.0, -1e-8, 0.0, 1e-8, 80.0])))
    layer = PackedProduct(torch.ones(1, 1, 1), torch.zeros(1))
    found = layer.then_gelu(x[:, None])[:, 0]
    torch.testing.assert_close(found.double(), gelu(x.double()), rtol=1e-4, atol=2e-6)


@needs_amx
def test_places_that_are_not_contiguous() -> None:
    torch.manual_seed(0)
    layer = PackedProduct(torch.randn(4, 1, 6), torch.randn(4))
    x, total = torch.randn(6, 9).t(), torch.zeros(4, 9).t()
    layer.add_to(total, x)
    torch.testing.assert_close(total, layer(x.contiguous()))


@needs_amx
def test_threads_change_nothing() -> None:
    layer, x = PackedProduct(torch.randn(40, 9, 20), torch.randn(40)), torch.randn(9, 50, 20)
    before, found = torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(layer(x))
    torch.set_num_threads(before)
    assert torch.equal(*found)


@needs_amx
def test_not_a_number_stays_in_its_row() -> None:
    layer, x = PackedProduct(torch.randn(8, 1, 8), torch.randn(8)), torch.randn(5, 8)
    x[2, 3] = torch.nan
    found = layer(x)
    assert found[2].isnan().all()
    assert not found[[0, 1, 3, 4]].isnan().any()


def rounded(x: torch.Tensor) -> torch.Tensor:
    return x.bfloat16().double()


@needs_bf16
@pytest.mark.parametrize("pixels", [1, 31, 33, 200])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (7, 5), (48, 144), (180, 33)])
def test_rounded_linear(pixels: int, inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    x, weight, bias = (
        torch.randn(pixels, inputs),
        torch.randn(outputs, inputs),
        torch.randn(outputs),
    )
    wanted = linear(rounded(x), rounded(weight), bias.double())
    layer = PackedProduct(weight[:, None], bias, rounded=True)
    assert error(layer(x), wanted) < 2e-6
    assert (layer.then_gelu(x) - gelu(wanted)).abs().max() < 2e-6 * wanted.abs().max()
    total = torch.ones(pixels, outputs)
    layer.add_to(total, x)
    assert error(total - 1, wanted) < 2e-6


@needs_bf16
@pytest.mark.parametrize("size", [(1, 1), (3, 31), (2, 33), (5, 70)])
@pytest.mark.parametrize(("inputs", "outputs"), [(3, 5), (64, 40)])
def test_rounded_convolution(size: tuple[int, int], inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(size[0] + 2, size[1], inputs)
    weight, bias = torch.randn(outputs, inputs, 3, 3), torch.randn(outputs)
    image = rounded(x.permute(2, 0, 1)[None])
    wanted = conv2d(image, rounded(weight), bias.double(), padding=(0, 1))[0].permute(1, 2, 0)
    layer = PackedProduct(weight.permute(0, 2, 3, 1).flatten(1, 2), bias, rounded=True)
    assert error(layer(x), wanted) < 2e-6


@needs_bf16
@pytest.mark.parametrize("strange", [float("nan"), float("inf"), 3.4e38])
def test_what_is_not_finite_does_not_get_lost(strange: float) -> None:
    x = torch.tensor([[strange, 1.0]])
    layer = PackedProduct(torch.ones(1, 1, 2), torch.zeros(1), rounded=True)
    assert not torch.isfinite(layer(x)).any()
