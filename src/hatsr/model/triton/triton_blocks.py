"""What kernels of window attention share: where pixels lie, their rows, scores of a block.

Pixels are counted in the map as it is after the cyclic shift; only `spot` knows where they lie
before it.
"""

from typing import no_type_check

import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)
_MASKED = tl.constexpr(-100.0)


@triton.jit
@no_type_check
def spot(row, col, height, width, shift: tl.constexpr):
    """Number of a pixel in the picture, and the region that the shift puts it in."""
    pixel = (row + shift) % height * width + (col + shift) % width
    region = 2 * (row >= height - shift).to(tl.int32) + (col >= width - shift).to(tl.int32)
    return pixel.to(tl.int64), region


@triton.jit
@no_type_check
def window_at(number, height, width, side: tl.constexpr):
    """First pixel of a window's picture in the batch, and the window's top and left."""
    cols = width // side
    windows = height // side * cols
    picture, place = number // windows, number % windows
    return picture.to(tl.int64) * height * width, place // cols * side, place % cols * side


@triton.jit
@no_type_check
def keys_of(key, top, left, height, width, side: tl.constexpr, overlap: tl.constexpr, shift):
    """As `spot`, of keys of a window whose queries begin there; and which are in the picture."""
    row, col = top - overlap // 2 + key // side, left - overlap // 2 + key % side
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width) & (key < side * side)
    pixel, region = spot(row, col, height, width, shift)
    return pixel, region, inside


@triton.jit
@no_type_check
def load_rows(rows, pixel, known, stride, first, head_width: tl.constexpr, lanes: tl.constexpr):
    """A head's part of some pixels' rows; zeros where a pixel is not known."""
    lane = tl.arange(0, lanes)
    at = pixel[:, None] * stride + first + lane[None, :]
    return tl.load(rows + at, mask=known[:, None] & (lane < head_width)[None, :], other=0.0)


@triton.jit
@no_type_check
def store_rows(
    rows, values, pixel, known, stride, first, head_width: tl.constexpr, lanes: tl.constexpr
):
    """The inverse of `load_rows`."""
    lane = tl.arange(0, lanes)
    at = pixel[:, None] * stride + first + lane[None, :]
    mask = known[:, None] & (lane < head_width)[None, :]
    tl.store(rows + at, values.to(rows.dtype.element_ty), mask=mask)


@triton.jit
@no_type_check
def saved_of_queries(
    qkv,
    d_out,
    log_sums,
    inner,
    pixel,
    known,
    head,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    lanes: tl.constexpr,
):
    """Queries, what their result's gradient is, logarithms of their sums, inner products."""
    at, channels = head * head_width, heads * head_width
    q = load_rows(qkv, pixel, known, 3 * channels, at, head_width, lanes)
    d_mixed = load_rows(d_out, pixel, known, channels, at, head_width, lanes)
    log_sum = tl.load(log_sums + pixel * heads + head, mask=known, other=0.0)
    mean = tl.load(inner + pixel * heads + head, mask=known, other=0.0)
    return q, d_mixed, log_sum, mean


@triton.jit
@no_type_check
def scores_of(
    q,
    k,
    bias,
    head,
    query,
    key,
    q_region,
    k_region,
    scale,
    queries: tl.constexpr,
    keys: tl.constexpr,
    shift: tl.constexpr,
):
    """Q K^T / sqrt(d) + B of a block; minus infinity at keys that are none."""
    scores = tl.dot(q, tl.trans(k), input_precision="tf32x3") * scale
    known = (key >= 0) & (key < keys)
    at = (head * queries + query[:, None]) * keys + key[None, :]
    mask = (query < queries)[:, None] & known[None, :]
    scores += tl.load(bias + at, mask=mask, other=0.0).to(tl.float32)
    if shift > 0:
        scores += tl.where(q_region[:, None] == k_region[None, :], 0.0, _MASKED)
    return tl.where(known[None, :], scores, float("-inf"))


@triton.jit
@no_type_check
def shares_and_gradient(scores, log_sum, d_out, v, inner):
    """Probabilities of a block, and the gradient of its scores."""
    shares = tl.exp2((scores - log_sum[:, None]) * LOG2_E)
    d_shares = tl.dot(d_out, tl.trans(v), input_precision="tf32x3")
    return shares, shares * (d_shares - inner[:, None])
