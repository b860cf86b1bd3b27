"""Window attention as kernels of Triton, for GPUs.

A program takes some queries (or keys) of one window and one head; features are read where they lie
in the map, ``b h w (3 heads d)``, and scores exist for a block of queries and keys at a time. What
is summed over pictures or windows is summed in a fixed order.
"""

from typing import no_type_check

import triton
import triton.language as tl

from hatsr.model.triton.triton_blocks import (
    LOG2_E,
    keys_of,
    load_rows,
    saved_of_queries,
    scores_of,
    shares_and_gradient,
    spot,
    store_rows,
    window_at,
)


@triton.jit
@no_type_check
def forward(
    qkv,
    bias,
    out,
    log_sums,
    height,
    width,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    window: tl.constexpr,
    overlap: tl.constexpr,
    shift: tl.constexpr,
    q_block: tl.constexpr,
    k_block: tl.constexpr,
    lanes: tl.constexpr,
):
    """SoftMax(Q K^T / sqrt(d) + B) V for a block of queries, and the logarithms of its sums."""
    side: tl.constexpr = window + overlap
    queries: tl.constexpr = window * window
    keys: tl.constexpr = side * side
    blocks: tl.constexpr = (queries + q_block - 1) // q_block
    channels: tl.constexpr = heads * head_width
    head, stride = tl.program_id(1), 3 * channels
    first, top, left = window_at(tl.program_id(0) // blocks, height, width, window)
    query = tl.program_id(0) % blocks * q_block + tl.arange(0, q_block)
    is_query = query < queries
    q_pixel, q_region = spot(top + query // window, left + query % window, height, width, shift)
    q = load_rows(qkv, first + q_pixel, is_query, stride, head * head_width, head_width, lanes)
    largest = tl.full([q_block], float("-inf"), tl.float32)
    total = tl.zeros([q_block], tl.float32)
    mixed = tl.zeros([q_block, lanes], tl.float32)
    for start in range(0, keys, k_block):
        key = start + tl.arange(0, k_block)
        k_pixel, k_region, inside = keys_of(key, top, left, height, width, side, overlap, shift)
        at = channels + head * head_width
        k = load_rows(qkv, first + k_pixel, inside, stride, at, head_width, lanes)
        v = load_rows(qkv, first + k_pixel, inside, stride, at + channels, head_width, lanes)
        scores = scores_of(
            q, k, bias, head, query, key, q_region, k_region, scale, queries, keys, shift
        )
        larger = tl.maximum(largest, tl.max(scores, 1))
        shares = tl.exp2((scores - larger[:, None]) * LOG2_E)
        before = tl.exp2((largest - larger) * LOG2_E)
        total = total * before + tl.sum(shares, 1)
        mixed = mixed * before[:, None]
        mixed += tl.dot(shares.to(v.dtype), v, input_precision="tf32x3")
        largest = larger
    at = head * head_width
    store_rows(
        out, mixed / total[:, None], first + q_pixel, is_query, channels, at, head_width, lanes
    )
    sums = largest + tl.log2(total) / LOG2_E
    tl.store(log_sums + (first + q_pixel) * heads + head, sums, mask=is_query)


@triton.jit
@no_type_check
def backward_queries(
    qkv,
    bias,
    d_out,
    log_sums,
    inner,
    d_qkv,
    height,
    width,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    window: tl.constexpr,
    overlap: tl.constexpr,
    shift: tl.constexpr,
    q_block: tl.constexpr,
    k_block: tl.constexpr,
    lanes: tl.constexpr,
):
    """The gradient of a block of queries."""
    side: tl.constexpr = window + overlap
    queries: tl.constexpr = window * window
    keys: tl.constexpr = side * side
    blocks: tl.constexpr = (queries + q_block - 1) // q_block
    channels: tl.constexpr = heads * head_width
    head, stride = tl.program_id(1), 3 * channels
    first, top, left = window_at(tl.program_id(0) // blocks, height, width, window)
    query = tl.program_id(0) % blocks * q_block + tl.arange(0, q_block)
    is_query = query < queries
    q_pixel, q_region = spot(top + query // window, left + query % window, height, width, shift)
    q_pixel += first
    q, d_mixed, log_sum, mean = saved_of_queries(
        qkv, d_out, log_sums, inner, q_pixel, is_query, head, heads, head_width, lanes
    )
    d_q = tl.zeros([q_block, lanes], tl.float32)
    for start in range(0, keys, k_block):
        key = start + tl.arange(0, k_block)
        k_pixel, k_region, inside = keys_of(key, top, left, height, width, side, overlap, shift)
        at = channels + head * head_width
        k = load_rows(qkv, first + k_pixel, inside, stride, at, head_width, lanes)
        v = load_rows(qkv, first + k_pixel, inside, stride, at + channels, head_width, lanes)
        scores = scores_of(
            q, k, bias, head, query, key, q_region, k_region, scale, queries, keys, shift
        )
        _, d_scores = shares_and_gradient(scores, log_sum, d_mixed, v, mean)
        d_q += tl.dot(d_scores.to(k.dtype), k, input_precision="tf32x3")
    store_rows(d_qkv, d_q * scale, q_pixel, is_query, stride, head * head_width, head_width, lanes)


@triton.jit
@no_type_check
def backward_keys(
    qkv,
    bias,
    d_out,
    log_sums,
    inner,
    d_qkv,
    height,
    width,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    window: tl.constexpr,
    overlap: tl.constexpr,
    shift: tl.constexpr,
    q_block: tl.constexpr,
    k_block: tl.constexpr,
    lanes: tl.constexpr,
):
    """The gradients of a block of keys and values, from every window that sees them."""
    side: tl.constexpr = window + overlap
    queries: tl.constexpr = window * window
    keys: tl.constexpr = side * side
    blocks: tl.constexpr = (queries + k_block - 1) // k_block
    reach: tl.constexpr = (overlap // 2 + window - 1) // window
    around: tl.constexpr = 2 * reach + 1
    channels: tl.constexpr = heads * head_width
    head, stride = tl.program_id(1), 3 * channels
    first, top, left = window_at(tl.program_id(0) // blocks, height, width, window)
    number = tl.program_id(0) % blocks * k_block + tl.arange(0, k_block)
    is_pixel = number < queries
    row, col = top + number // window, left + number % window
    k_pixel, k_region = spot(row, col, height, width, shift)
    k_pixel += first
    at = channels + head * head_width
    k = load_rows(qkv, k_pixel, is_pixel, stride, at, head_width, lanes)
    v = load_rows(qkv, k_pixel, is_pixel, stride, at + channels, head_width, lanes)
    d_k = tl.zeros([k_block, lanes], tl.float32)
    d_v = tl.zeros([k_block, lanes], tl.float32)
    for near in range(0, around * around):
        q_top = top + (near // around - reach) * window
        q_left = left + (near % around - reach) * window
        k_row, k_col = row - q_top + overlap // 2, col - q_left + overlap // 2
        is_key = is_pixel & (k_row >= 0) & (k_row < side) & (k_col >= 0) & (k_col < side)
        is_key &= (q_top >= 0) & (q_top < height) & (q_left >= 0) & (q_left < width)
        key = tl.where(is_key, k_row * side + k_col, -1)
        if tl.max(key, 0) >= 0:
            for start in range(0, queries, q_block):
                query = start + tl.arange(0, q_block)
                is_query = query < queries
                q_row, q_col = q_top + query // window, q_left + query % window
                q_pixel, q_region = spot(q_row, q_col, height, width, shift)
                q_pixel += first
                q, d_mixed, log_sum, mean = saved_of_queries(
                    qkv, d_out, log_sums, inner, q_pixel, is_query, head, heads, head_width, lanes
                )
                scores = scores_of(
                    q, k, bias, head, query, key, q_region, k_region, scale, queries, keys, shift
                )
                shares, d_scores = shares_and_gradient(scores, log_sum, d_mixed, v, mean)
                # Rows that are no queries have d_mixed, mean and q of zero: they add nothing.
                d_v += tl.dot(tl.trans(shares.to(q.dtype)), d_mixed, input_precision="tf32x3")
                d_k += tl.dot(tl.trans(d_scores.to(q.dtype)), q, input_precision="tf32x3")
    at = channels + head * head_width
    store_rows(d_qkv, d_k * scale, k_pixel, is_pixel, stride, at, head_width, lanes)
    store_rows(d_qkv, d_v, k_pixel, is_pixel, stride, at + channels, head_width, lanes)


@triton.jit
@no_type_check
def backward_bias(
    qkv,
    bias,
    d_out,
    log_sums,
    inner,
    d_bias,
    windows,
    height,
    width,
    scale,
    heads: tl.constexpr,
    head_width: tl.constexpr,
    window: tl.constexpr,
    overlap: tl.constexpr,
    shift: tl.constexpr,
    q_block: tl.constexpr,
    k_block: tl.constexpr,
    lanes: tl.constexpr,
):
    """The gradient of a block of the bias, summed over a share of the windows."""
    side: tl.constexpr = window + overlap
    queries: tl.constexpr = window * window
    keys: tl.constexpr = side * side
    blocks: tl.constexpr = (keys + k_block - 1) // k_block
    channels: tl.constexpr = heads * head_width
    head, part, stride = tl.program_id(1), tl.program_id(2), 3 * channels
    query = tl.program_id(0) // blocks * q_block + tl.arange(0, q_block)
    key = tl.program_id(0) % blocks * k_block + tl.arange(0, k_block)
    is_query, is_key = query < queries, key < keys
    total = tl.zeros([q_block, k_block], tl.float32)
    for number in range(part, windows, tl.num_programs(2)):
        first, top, left = window_at(number, height, width, window)
        q_row, q_col = top + query // window, left + query % window
        q_pixel, q_region = spot(q_row, q_col, height, width, shift)
        k_pixel, k_region, inside = keys_of(key, top, left, height, width, side, overlap, shift)
        q_pixel, k_pixel = q_pixel + first, k_pixel + first
        q, d_mixed, log_sum, mean = saved_of_queries(
            qkv, d_out, log_sums, inner, q_pixel, is_query, head, heads, head_width, lanes
        )
        at = channels + head * head_width
        k = load_rows(qkv, k_pixel, inside, stride, at, head_width, lanes)
        v = load_rows(qkv, k_pixel, inside, stride, at + channels, head_width, lanes)
        scores = scores_of(
            q, k, bias, head, query, key, q_region, k_region, scale, queries, keys, shift
        )
        _, d_scores = shares_and_gradient(scores, log_sum, d_mixed, v, mean)
        total += d_scores
    at = ((part * heads + head) * queries + query[:, None]) * keys + key[None, :]
    tl.store(d_bias + at, total, mask=is_query[:, None] & is_key[None, :])
