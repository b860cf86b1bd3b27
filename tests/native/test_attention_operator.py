"""The native kernel is window attention as the network defines it, with the same gradients."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from hatsr.model import HAT, HATConfig
from hatsr.model.attention import window_rows
from hatsr.model.chunked import chunked_attend
from hatsr.model.windows import merge, overlapping_partition, partition, shift_mask
from hatsr.native import (
    Kernels,
    attend_into,
    attention_operator,
    build,
    disabled,
    kernels,
    library,
    pack_bias,
    supports_attention,
    using,
    window_attention,
)

pytestmark = pytest.mark.skipif(not isinstance(kernels(), Kernels), reason=f"{kernels()}")


def literal(qkv: Tensor, bias: Tensor, size: int, shift: int, overlap_size: int) -> Tensor:
    """Windows cut, attended to and put back one after the other."""
    _, h, w, _ = qkv.shape
    q, k, v = qkv.roll((-shift, -shift), (1, 2)).chunk(3, -1)
    bias = bias[None]
    if shift:
        bias = bias + shift_mask(h, w, size, shift).to(qkv)[:, None]
    if overlap_size > size:
        k, v = (overlapping_partition(t, size, overlap_size) for t in (k, v))
    else:
        k, v = partition(k, size), partition(v, size)
    out = merge(chunked_attend(partition(q, size), k, v, bias), size, h, w)
    return out.roll((shift, shift), (1, 2))


def native(qkv: Tensor, bias: Tensor, size: int, shift: int, overlap_size: int) -> Tensor:
    _, h, w, _ = qkv.shape
    windows = window_rows(h, w, size, max(0, overlap_size - size), shift)
    return window_attention(qkv, bias, windows)


def inputs(
    rows: int, cols: int, size: int, overlap_size: int, heads: int, width: int, b: int = 2
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(size + width)
    qkv = torch.randn(b, rows * size, cols * size, 3 * heads * width, generator=generator)
    bias = torch.randn(heads, size**2, max(size, overlap_size) ** 2, generator=generator)
    return qkv.requires_grad_(), bias.requires_grad_()


CASES = [
    # rows, cols, window, shift, overlapping window, heads, width
    (2, 3, 4, 0, 0, 1, 64),
    (2, 3, 4, 2, 0, 2, 7),
    (1, 2, 4, 0, 6, 3, 10),
    (3, 2, 7, 3, 0, 2, 16),
    (2, 2, 7, 0, 9, 2, 30),
    (2, 2, 8, 4, 0, 3, 16),
    (3, 2, 8, 0, 12, 2, 33),
    (2, 2, 16, 8, 0, 2, 30),
    (2, 3, 16, 0, 24, 1, 16),
    (1, 1, 24, 12, 0, 1, 10),
    (1, 2, 24, 0, 36, 1, 7),
]


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def compare(case: tuple[int, ...], scale: float = 1.0) -> None:
    rows, cols, size, shift, overlap_size, heads, width = case
    qkv, bias = inputs(rows, cols, size, overlap_size, heads, width)
    given = (qkv.detach() * scale).requires_grad_(), (bias.detach() * scale).requires_grad_()
    exact = given[0].detach().double().requires_grad_(), given[1].detach().double().requires_grad_()
    out = native(given[0], given[1], size, shift, overlap_size)
    wanted = literal(exact[0], exact[1], size, shift, overlap_size)
    torch.testing.assert_close(out.double(), wanted, rtol=1e-5 * scale**2, atol=1e-5 * scale)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    gradients = torch.autograd.grad(out, given, weights)
    right = torch.autograd.grad(wanted, exact, weights.double())
    for gradient, better in zip(gradients, right, strict=True):
        error = (gradient - better).abs().max() / better.abs().max()
        assert error < 1e-5 * scale**2


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_literal_one(case: tuple[int, ...]) -> None:
    compare(case)


@pytest.fixture(params=build.FLAVOURS)
def each_build(request: pytest.FixtureRequest) -> Iterator[None]:
    found = library.open_build(request.param)
    if not isinstance(found, Kernels):
        pytest.skip(found or f"there is no {request.param} build")
    with using(found):
        yield


@pytest.mark.usefixtures("each_build")
def test_every_build_agrees() -> None:
    for case in CASES:
        compare(case)


@pytest.mark.usefixtures("each_build")
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_in_bfloat16_it_is_as_exact_as_its_numbers(scale: float) -> None:
    for rows, cols, size, shift, overlap_size, heads, width in CASES:
        qkv, bias = inputs(rows, cols, size, overlap_size, heads, width)
        given = (qkv.detach() * scale).bfloat16().requires_grad_(), bias
        exact = given[0].detach().double().requires_grad_(), bias.detach().double().requires_grad_()
        out = native(*given, size, shift, overlap_size)
        wanted = literal(*exact, size, shift, overlap_size)
        assert out.dtype == torch.bfloat16
        d_out = torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).bfloat16()
        found = out, *torch.autograd.grad(out, given, d_out)
        right = wanted, *torch.autograd.grad(wanted, exact, d_out.double())
        for one, other in zip(found, right, strict=True):
            assert (one - other).norm() < 2**-8 * scale * other.norm()


@pytest.mark.parametrize("case", [CASES[5], CASES[8]], ids=str)
def test_scores_beyond_the_first_panel_s_range(case: tuple[int, ...]) -> None:
    rows, cols, size, shift, overlap_size, heads, width = case
    qkv, bias = inputs(rows, cols, size, overlap_size, heads, width)
    with torch.no_grad():
        bias[..., -1] += 300  # more than 2 ** 127 times the weight of any other
        bias[..., 0, 3] -= 500
        out = native(qkv, bias, size, shift, overlap_size)
        wanted = literal(qkv.double(), bias.double(), size, shift, overlap_size)
    torch.testing.assert_close(out.double(), wanted, rtol=1e-4, atol=1e-5)


def test_large_scores() -> None:
    compare(CASES[7], scale=4.0)


def test_without_gradients() -> None:
    # On matrix units a float is two bfloat16, exact to 2 ** -17 of a score's terms.
    for case in CASES:
        rows, cols, size, shift, overlap_size, heads, width = case
        qkv, bias = (t.detach() for t in inputs(rows, cols, size, overlap_size, heads, width))
        windows = window_rows(rows * size, cols * size, size, max(0, overlap_size - size), shift)
        for picture, wanted in zip(
            qkv, literal(qkv.double(), bias.double(), size, shift, overlap_size), strict=True
        ):
            q, k, v = picture.flatten(0, 1).chunk(3, dim=1)
            out = torch.full_like(q, torch.nan).contiguous()
            attend_into(out, q, k, v, windows, pack_bias(bias))
            error = (out - wanted.flatten(0, 1)).abs().max()
            assert error < 1e-4 * wanted.abs().max()


def test_not_a_number_stays_in_its_window() -> None:
    qkv, bias = inputs(2, 2, 8, 0, 2, 16)
    with torch.no_grad():
        qkv[0, 3, 3, 5] = torch.nan
        out = native(qkv, bias, 8, 0, 0)
    assert out[0, :8, :8].isnan().any()
    assert not out[0, 8:].isnan().any()
    assert not out[1].isnan().any()


def test_threads_change_nothing_but_rounding() -> None:
    given = inputs(3, 3, 8, 0, 3, 16)
    results = []
    before = torch.get_num_threads()
    for count in (1, 2, 1):
        torch.set_num_threads(count)
        out = native(*given, 8, 4, 0)
        results.append((out.detach(), *torch.autograd.grad(out.sum(), given)))
    torch.set_num_threads(before)
    for one, two in zip(results[0], results[1], strict=True):
        torch.testing.assert_close(one, two)
    for one, again in zip(results[0], results[2], strict=True):
        assert torch.equal(one, again)


def test_is_a_sound_operator() -> None:
    qkv, bias = inputs(1, 2, 4, 0, 2, 8)
    windows = window_rows(4, 8, 4, 0, 2)
    given = (qkv.detach().flatten(1, 2).requires_grad_(), bias.detach().requires_grad_())
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(
        attention_operator._forward, (*given, *windows.tables, windows.shared), test_utils=checks
    )


def test_is_for_float32_on_the_cpu() -> None:
    assert supports_attention(torch.empty(1))
    assert not supports_attention(torch.empty(1, dtype=torch.float64))
    assert not supports_attention(torch.empty(1, device="meta"))


def test_network_is_the_same_with_and_without() -> None:
    torch.manual_seed(0)
    config = HATConfig(
        embed_dim=24, depths=(2, 2), num_heads=2, window_size=8, squeeze_factor=4, scale=2
    )
    network = HAT(config)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    network.eval()
    lr = torch.rand(1, 3, 19, 30)
    with torch.no_grad():
        fast = network(lr)
        with disabled():
            slow = network(lr)
    assert not torch.equal(fast, slow)
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-4)


def test_too_little_memory_is_an_error_not_the_end() -> None:
    code = """
import resource, torch
from hatsr.native import WindowRows, attend_into, pack_bias
side, width = 64 * 64, 64
rows = torch.arange(side, dtype=torch.int32)[None]
q, out = torch.rand(2, side, width)
bias = pack_bias(torch.zeros(1, side, side))
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 10**6,) * 2)
try:
    attend_into(out, q, q, q, WindowRows(rows, rows), bias)
except MemoryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "memory must hold a window for each thread" in done.stdout
