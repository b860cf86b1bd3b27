"""A sum and the layer norm of it in one pass over memory, as a kernel of Triton."""

from typing import no_type_check

import triton
import triton.language as tl


@triton.jit
@no_type_check
def add_and_norm(  # noqa: PLR0913 - a kernel takes numbers one by one
    x,
    y,
    gated,
    gains,
    weight,
    bias,
    normed,
    pixels,
    pixels_of_picture,
    gains_of_picture,
    eps,
    channels: tl.constexpr,
    width: tl.constexpr,
    has_sum: tl.constexpr,
    has_gated: tl.constexpr,
    lanes: tl.constexpr,
    block: tl.constexpr,
):
    """Add `y` and `gated` times its picture's gains to some pixels of `x`; write their norm.

    Channels from `channels` to `width` are zero everywhere, in weight and bias too.
    """
    pixel = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    lane = tl.arange(0, lanes)
    mask = (pixel < pixels)[:, None] & (lane < width)[None, :]
    at = pixel[:, None] * width + lane[None, :]
    total = tl.load(x + at, mask=mask, other=0.0)
    if has_sum:
        total += tl.load(y + at, mask=mask, other=0.0).to(tl.float32)
        if has_gated:
            place = pixel // pixels_of_picture * gains_of_picture
            gain = tl.load(gains + place[:, None] + lane[None, :], mask=mask, other=0.0)
            total += tl.load(gated + at, mask=mask, other=0.0).to(tl.float32) * gain
        tl.store(x + at, total, mask=mask)
    mean = tl.sum(total, 1) / channels
    centred = tl.where((lane < channels)[None, :], total - mean[:, None], 0.0)
    deviation = tl.sqrt(tl.sum(centred * centred, 1) / channels + eps)
    known = lane < width
    scale = tl.load(weight + lane, mask=known, other=0.0)[None, :]
    moved = centred / deviation[:, None] * scale
    moved += tl.load(bias + lane, mask=known, other=0.0)[None, :]
    tl.store(normed + at, moved.to(normed.dtype.element_ty), mask=mask)
