"""Parts of the kernels of Triton, each called by a small kernel of its own: where pixels lie, rows,
scores.

`make test-triton` runs these; a GPU is not needed.
"""

import pytest
import torch
from torch.nn.functional import pad

from hatsr.model.windows import partition, shift_mask

triton = pytest.importorskip("triton", reason="Triton is beside CUDA alone")

import triton.language as tl  # noqa: E402

from hatsr.model.triton.triton_blocks import (  # noqa: E402
    keys_of,
    load_rows,
    scores_of,
    shares_and_gradient,
    spot,
    store_rows,
    window_at,
)

pytestmark = pytest.mark.triton


@triton.jit
def write_spots(pixels, regions, height, width, shift: tl.constexpr, lanes: tl.constexpr):
    at = tl.arange(0, lanes)
    known = at < height * width
    pixel, region = spot(at // width, at % width, height, width, shift)
    tl.store(pixels + at, pixel, mask=known)
    tl.store(regions + at, region, mask=known)


@pytest.mark.parametrize("shift", [0, 2])
def test_a_spot_of_the_shifted_map(shift: int) -> None:
    """Pixels are those of the rolled picture; a region differs where the shift mask says so."""
    height, width, window = 8, 12, 4
    pixels = torch.empty(height, width, dtype=torch.int64)
    regions = torch.empty(height, width, dtype=torch.int32)
    write_spots[(1,)](pixels, regions, height, width, shift, 128)
    picture = torch.arange(height * width).view(height, width)
    assert torch.equal(pixels, picture.roll((-shift, -shift), (0, 1)))
    of_windows = partition(regions[None, ..., None], window)[..., 0]
    differ = of_windows[:, :, None] != of_windows[:, None]
    masked = shift_mask(height, width, window, shift) != 0 if shift else torch.zeros(1).bool()
    assert torch.equal(differ, masked.expand_as(differ))


@triton.jit
def write_keys(
    pixels,
    insides,
    height,
    width,
    side: tl.constexpr,
    overlap: tl.constexpr,
    shift: tl.constexpr,
    lanes: tl.constexpr,
):
    """A program is a window; keys that are not in the picture are written as -1."""
    key = tl.arange(0, lanes)
    first, top, left = window_at(tl.program_id(0), height, width, side - overlap)
    pixel, _, inside = keys_of(key, top, left, height, width, side, overlap, shift)
    at = tl.program_id(0) * side * side + key
    is_key = key < side * side
    tl.store(pixels + at, tl.where(inside, first + pixel, -1), mask=is_key)
    tl.store(insides + tl.program_id(0) * lanes + key, inside.to(tl.int32))


@pytest.mark.parametrize(("overlap", "shift"), [(0, 0), (0, 2), (2, 0), (4, 0)])
def test_keys_of_each_window(overlap: int, shift: int) -> None:
    """They are what `unfold` cuts out of the pictures' numbered pixels, -1 outside of them."""
    b, height, width, window, lanes = 2, 8, 12, 4, 64
    side, margin = window + overlap, overlap // 2
    count = b * (height // window) * (width // window)
    pixels = torch.empty(count, side**2, dtype=torch.int64)
    insides = torch.empty(count, lanes, dtype=torch.int32)
    write_keys[(count,)](pixels, insides, height, width, side, overlap, shift, lanes)
    numbered = torch.arange(b * height * width).view(b, height, width)
    around = pad(numbered.roll((-shift, -shift), (1, 2)), (margin,) * 4, value=-1)
    wanted = around.unfold(1, side, window).unfold(2, side, window).reshape(count, -1)
    assert torch.equal(pixels, wanted)
    assert torch.equal(insides[:, : side**2] == 1, wanted >= 0)
    assert not insides[:, side**2 :].any()


@triton.jit
def copy_rows(rows, copied, pixels, stride, first, head_width: tl.constexpr, lanes: tl.constexpr):
    at = tl.arange(0, 4)
    pixel = tl.load(pixels + at)
    values = load_rows(rows, pixel, pixel >= 0, stride, first, head_width, lanes)
    store_rows(copied, values + 1, pixel, pixel >= 0, stride, first, head_width, lanes)


def test_rows_of_one_head_are_loaded_and_stored() -> None:
    rows = torch.arange(60.0).view(6, 10)
    copied = torch.zeros(6, 10)
    copy_rows[(1,)](rows, copied, torch.tensor([4, -1, 0, 5]), 10, 3, 3, 4)
    wanted = torch.zeros(6, 10)
    for pixel in (4, 0, 5):
        wanted[pixel, 3:6] = rows[pixel, 3:6] + 1
    assert torch.equal(copied, wanted)


@triton.jit
def write_scores(
    q, k, v, d_out, bias, log_sums, inner, scores, shares, d_scores, scale,
    queries: tl.constexpr, keys: tl.constexpr, shift: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Of head 1; queries and keys with odd numbers are of another region than those with even."""
    at = tl.arange(0, block)
    square = at[:, None] * block + at[None, :]
    found = scores_of(
        tl.load(q + square), tl.load(k + square), bias, 1, at, at, at % 2, at % 2, scale,
        queries, keys, shift,
    )  # fmt: skip
    tl.store(scores + square, found)
    log_sum, mean = tl.load(log_sums + at), tl.load(inner + at)
    made = shares_and_gradient(found, log_sum, tl.load(d_out + square), tl.load(v + square), mean)
    tl.store(shares + square, made[0])
    tl.store(d_scores + square, made[1])


@pytest.mark.parametrize("shift", [0, 2])
def test_scores_of_a_block_and_their_gradient(shift: int) -> None:
    """As the equation and automatic differentiation give them."""
    torch.manual_seed(0)
    queries, keys, block, scale = 9, 13, 16, 0.3
    bias = torch.randn(2, queries, keys)
    q, k, v, d_out = (torch.randn(block, block) for _ in range(4))
    number = torch.arange(block)
    wanted = (q @ k.T)[:queries, :keys] * scale + bias[1]
    if shift:
        wanted -= 100.0 * (number[:queries, None] % 2 != number[None, :keys] % 2)
    wanted.requires_grad_()
    probabilities = wanted.softmax(1)
    out = probabilities @ v[:keys]
    (gradient,) = torch.autograd.grad(out, wanted, d_out[:queries])
    log_sums, inner = torch.zeros(block), torch.zeros(block)
    log_sums[:queries] = wanted.detach().logsumexp(1)
    inner[:queries] = (out.detach() * d_out[:queries]).sum(1)
    scores, shares, d_scores = (torch.empty(block, block) for _ in range(3))
    given = q, k, v, d_out, bias, log_sums, inner, scores, shares, d_scores
    write_scores[(1,)](*given, scale, queries, keys, shift, block)
    for found, right in ((scores, wanted), (shares, probabilities), (d_scores, gradient)):
        torch.testing.assert_close(found[:queries, :keys], right, rtol=1e-4, atol=1e-5)
    assert (scores[:, keys:] == float("-inf")).all()
    assert not shares[:, keys:].any()
    assert not d_scores[:, keys:].any()
