"""The fused layers of mixed precision are those of PyTorch, and so are their gradients."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from hatsr.native import (
    Kernels,
    added_layer,
    added_mlp,
    build,
    gelu,
    kernels,
    library,
    normed_layer,
    supports_layers,
    using,
)

pytestmark = pytest.mark.skipif(not isinstance(kernels(), Kernels), reason=f"{kernels()}")

SIZES = [
    # pictures, height, width; channels of the map, of the layer
    ((1, 1, 1), 1, 1),
    ((2, 3, 5), 7, 33),
    ((3, 8, 8), 64, 128),
    ((2, 9, 15), 20, 60),
    ((1, 12, 11), 180, 30),
]


EMULATED = "amx, emulated"
"""The layers on matrix units in plain C++, for processors without."""


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Kernels | str:
    """This processor's build, its layers on emulated matrix units."""
    compiler, found = shutil.which("g++"), kernels()
    if not compiler or isinstance(found, str) or not torch.cpu._is_avx512_bf16_supported():
        return "needs a compiler, and a processor with AVX512_BF16"
    target = tmp_path_factory.mktemp("kernels") / "layers.so"
    source = Path(library.__file__).parent / "layers.cpp"
    tiles = Path(__file__).with_name("emulated_tiles.h")
    flags = (flag for flag in build.FLAVOURS["amx"] if "amx" not in flag)
    command = [compiler, *build._FLAGS, "-O1", *flags, "-include", str(tiles), str(source)]
    subprocess.run([*command, "-o", str(target)], check=True)
    made = ctypes.CDLL(str(target))
    library.declare(made)
    return replace(found, bf16=made)


@pytest.fixture(params=[*library.FLAVOURS, EMULATED], autouse=True)
def each_build(request: pytest.FixtureRequest) -> Iterator[None]:
    name = request.param
    emulates = name == EMULATED
    found = request.getfixturevalue("emulated") if emulates else library.open_build(name)
    if not isinstance(found, Kernels):
        pytest.skip(found or f"there is no {request.param} build")
    with using(found):
        yield


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"], autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def drawn(*shape: int, seed: int = 0, bf16: bool = False) -> Tensor:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 0.3
    return (x.bfloat16() if bf16 else x).requires_grad_()


def layer(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    made = nn.Linear(inputs, outputs, bias=bias)
    for number, parameter in enumerate(made.parameters()):
        parameter.data = drawn(*parameter.shape, seed=number + 5).detach() / inputs**0.5
    return made


def norm_of(width: int) -> nn.LayerNorm:
    made = nn.LayerNorm(width)
    for number, parameter in enumerate(made.parameters()):
        parameter.data = drawn(width, seed=number + 7).detach()
    return made


def exact(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(t.detach().double().requires_grad_() for t in tensors)


def compare(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> None:
    """To the rounding of bfloat16, of which a number of the result sees a few."""
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert (one - other).norm() <= 0.02 * other.norm() + 1e-6


def gradients(outputs: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    weights = [drawn(*t.shape, seed=i, bf16=True).detach().to(t) for i, t in enumerate(outputs)]
    return torch.autograd.grad(outputs, inputs, weights, retain_graph=True)


@pytest.mark.parametrize(("size", "width", "outputs"), SIZES, ids=str)
def test_normed_layer(size: tuple[int, ...], width: int, outputs: int) -> None:
    x, norm, linear = drawn(*size, width), norm_of(width), layer(width, outputs)
    given = x, *norm.parameters(), *linear.parameters()
    right = exact(*given)
    found = normed_layer(x, norm, linear)
    normed = functional.layer_norm(right[0], (width,), right[1], right[2])
    wanted = right[0], normed, functional.linear(normed, *right[3:])
    assert [t.dtype for t in found] == [torch.float32, torch.bfloat16, torch.bfloat16]
    compare(found, wanted)
    compare(gradients(found, given), gradients(wanted, right))
    compare(gradients(found[2:], given), gradients(wanted[2:], right))


@pytest.mark.parametrize(("size", "inputs", "width"), SIZES, ids=str)
@pytest.mark.parametrize("is_gated", [False, True])
def test_added_layer(size: tuple[int, ...], inputs: int, width: int, is_gated: bool) -> None:
    x, branch, linear = drawn(*size, width), drawn(*size, inputs, bf16=True), layer(inputs, width)
    features, gain = drawn(*size, width, seed=2, bf16=True), drawn(size[0], width, seed=3)
    share = torch.linspace(0, 1.5, size[0])
    given = x, branch, *linear.parameters(), *((features, gain) if is_gated else ())
    right = exact(*given)
    found = added_layer(x, branch, linear, share, (features, gain) if is_gated else None)
    wanted = right[0] + functional.linear(*right[1:4]) * share.double()[:, None, None, None]
    if is_gated:
        wanted = wanted + right[4] * right[5][:, None, None]
    compare((found,), (wanted,))
    compare(gradients((found,), given), gradients((wanted,), right))


@pytest.mark.parametrize(("size", "width", "inner"), SIZES, ids=str)
@pytest.mark.parametrize("is_shared", [False, True])
def test_added_mlp(size: tuple[int, ...], width: int, inner: int, is_shared: bool) -> None:
    x, norm, first = drawn(*size, width), norm_of(width), layer(width, inner)
    second = layer(inner, width)
    share = torch.linspace(0.5, 1.5, size[0]) if is_shared else torch.ones(size[0])
    given = x, *norm.parameters(), *first.parameters(), *second.parameters()
    right = exact(*given)
    found = added_mlp(x, norm, first, second, share if is_shared else None)
    normed = functional.layer_norm(right[0], (width,), right[1], right[2])
    hidden = functional.gelu(functional.linear(normed, *right[3:5]))
    added = functional.linear(hidden, *right[5:7]) * share.double()[:, None, None, None]
    wanted = right[0] + added
    compare((found,), (wanted,))
    compare(gradients((found,), given), gradients((wanted,), right))


def test_layers_without_bias() -> None:
    x, norm, linear = drawn(1, 2, 3, 8), norm_of(8), layer(8, 4, bias=False)
    y = normed_layer(x, norm, linear)[2]
    compare((y,), (linear(norm(x)),))
    compare(gradients((y,), (linear.weight,)), gradients((linear(norm(x)),), (linear.weight,)))


@pytest.mark.parametrize("n", [1, 15, 16, 17, 4001])
def test_gelu(n: int) -> None:
    x = torch.linspace(-12, 12, n).bfloat16().requires_grad_()
    (right,) = exact(x)
    y, wanted = gelu(x), functional.gelu(right)
    torch.testing.assert_close(y.double(), wanted, rtol=2**-8, atol=2**-12)
    slope = torch.autograd.grad(y.sum(), x)[0].double()
    right_slope = torch.autograd.grad(wanted.sum(), right)[0]
    torch.testing.assert_close(slope, right_slope, rtol=2**-8, atol=2**-12)


def test_gelu_keeps_the_order_in_memory() -> None:
    x = drawn(2, 5, 4, 3, bf16=True).detach().permute(0, 3, 1, 2).requires_grad_()
    y = gelu(x)
    assert y.stride() == x.stride()
    (right,) = exact(x)
    compare(gradients((y,), (x,)), gradients((functional.gelu(right),), (right,)))
    compare((gelu(x.detach()[:, :, ::2]),), (functional.gelu(right)[:, :, ::2],))


def test_not_a_number_stays_in_its_row() -> None:
    x = drawn(1, 2, 3, 20).detach()
    x[0, 1, 1, 4] = torch.nan
    rows = x.isnan().any(-1, keepdim=True).expand_as(x)
    norm, linear = norm_of(20), layer(20, 20)
    assert torch.equal(gelu(x.bfloat16()).isnan(), x.isnan())
    assert torch.equal(normed_layer(x, norm, linear)[2].isnan(), rows)
    assert torch.equal(added_layer(x, x.bfloat16(), linear).isnan(), rows)
    assert torch.equal(added_mlp(x, norm, linear, linear).isnan(), rows)


def test_is_for_autocast_to_bfloat16_on_a_cpu() -> None:
    x = torch.empty(1)
    assert not supports_layers(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert supports_layers(x)
        assert not supports_layers(x.double())
        assert not supports_layers(x.to("meta"))
    with torch.autocast("cpu", torch.float16):
        assert not supports_layers(x)
