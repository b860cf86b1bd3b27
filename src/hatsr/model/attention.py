"""Window attention: the one entry, and which implementation runs where.

`attend` is differentiable and takes a whole map; `attention_with` has one bias, knows no gradients
and takes any list of windows. On a CPU both are the native kernel, on a CUDA device `attend` is
that of Triton; elsewhere, and without kernels, windows are cut or gathered for PyTorch's attention,
or for `chunked` where a CPU trains.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from hatsr import native
from hatsr.model.chunked import chunked_attend, supports_chunks
from hatsr.model.triton.triton_attention import supports_triton, triton_attend
from hatsr.model.windows import (
    merge,
    overlapping_partition,
    overlapping_pixels,
    partition,
    seam_masks,
    seam_regions,
    shift_mask,
    window_kinds,
    window_pixels,
)
from hatsr.native import WindowRows

Bias = Float[Tensor, "heads q k"]
Attention = Callable[[Tensor, Tensor, Tensor, Tensor, WindowRows], None]
"""Writes to rows p c what the windows' queries (p c) get from keys and values (rows c each).

Of keys and values the last row is zeros: key -1 of `WindowRows`, where windows have it."""
_QUERIES_AT_ONCE = 4096
"""Queries that are gathered at a time, in whole windows."""
_ALIGNED = 8
"""What the width of a head must be a multiple of for PyTorch's fused attention on a GPU."""


def attend(
    qkv: Float[Tensor, "b h w qkv"], bias: Bias, *, window: int, overlap: int = 0, shift: int = 0
) -> Float[Tensor, "b h w c"]:
    """SoftMax(Q K^T / sqrt(d) + B) V of every window, at its queries' pixels (equation 2).

    Args:
        qkv: queries, keys and values of each pixel; height and width are multiples of the window.
        bias: B.
        window: side of the windows, pixels.
        overlap: pixels by which a window of keys is wider; keys and values outside the picture are
            zeros and take part.
        shift: of the windows, pixels; windows wrap around, and get -100 added across a seam.
    """
    _, h, w, _ = qkv.shape
    if supports_triton(qkv):
        return triton_attend(qkv, bias, window=window, overlap=overlap, shift=shift)
    if native.supports_attention(bias):
        return native.window_attention(qkv, bias, window_rows(h, w, window, overlap, shift))
    if shift:
        qkv = qkv.roll((-shift, -shift), (1, 2))
    q, k, v = _cut(qkv, window, overlap)
    if qkv.is_cuda:
        kinds = window_kinds(h, w, window) if shift else None
        mixed = aligned_attend(q, k, v, bias, kinds, seam_regions(window, shift))
    else:
        each = bias[None]
        if shift:
            each = each + shift_mask(h, w, window, shift).to(qkv)[:, None]
        attend_windows = chunked_attend if supports_chunks(q, each) else plain_attend
        mixed = attend_windows(q, k, v, each)
    out = merge(mixed, window, h, w)
    return out.roll((shift, shift), (1, 2)) if shift else out


def attention_with(bias: Bias) -> Attention:
    """Window attention with one bias B, made ready to run without gradients."""
    if native.supports_attention(bias):
        return partial(native.attend_into, bias=native.pack_bias(bias))
    return partial(gathered_attend, bias=bias)


@lru_cache(maxsize=6)  # large tables: those of the last sizes only
def window_rows(height: int, width: int, window: int, overlap: int, shift: int) -> WindowRows:
    """The windows of `attend`: which pixels are in each, and which of them see each other."""
    with torch.inference_mode(False):  # they may be kept for a backward pass
        queries = window_pixels(height, width, window, shift).int()
        if overlap:
            keys = overlapping_pixels(height, width, window, window + overlap).int()
            return WindowRows(queries, keys, shared=True)
        if not shift:
            return WindowRows(queries, queries)
        kinds = window_kinds(height, width, window).to(torch.uint8)
        return WindowRows(queries, queries, seam_regions(window, shift).int(), kinds)


def plain_attend(
    q: Float[Tensor, "n q c"],
    k: Float[Tensor, "n k c"],
    v: Float[Tensor, "n k c"],
    bias: Float[Tensor, "m heads q k"],
) -> Float[Tensor, "n q c"]:
    """The attention of PyTorch with several heads; `bias` as in `chunked_attend`."""
    if 1 < len(bias) < len(q):
        bias = bias.repeat(len(q) // len(bias), 1, 1, 1)
    heads, bias = bias.shape[1], bias.to(q.dtype)
    q, k, v = (rearrange(t, "n p (heads d) -> n heads p d", heads=heads) for t in (q, k, v))
    out = scaled_dot_product_attention(q, k, v, attn_mask=bias)
    return rearrange(out, "n heads q d -> n q (heads d)")


def aligned_attend(
    q: Float[Tensor, "n q c"],
    k: Float[Tensor, "n k c"],
    v: Float[Tensor, "n k c"],
    bias: Bias,
    kinds: Int[Tensor, " m"] | None,
    regions: Int[Tensor, "4 q"],
) -> Float[Tensor, "n q c"]:
    """Several heads in a form that PyTorch fuses on a GPU, where no score matrix is ever written.

    Heads are padded with zeros, and windows of one kind go together, since they share a mask.

    Args:
        q: queries of each window.
        k: keys.
        v: values.
        bias: B, of all windows.
        kinds: row of `regions` for each window of a picture; None: all see all.
        regions: see `seam_regions`.
    """
    bias = bias.to(q.dtype)
    if kinds is None:
        return _aligned(q, k, v, bias)
    masks, out = seam_masks(regions).to(q), torch.zeros_like(q)
    each = kinds.repeat(len(q) // len(kinds))
    for kind in kinds.unique().tolist():
        chosen = (each == kind).nonzero()[:, 0].to(q.device)
        mixed = _aligned(q[chosen], k[chosen], v[chosen], bias + masks[kind])
        out = out.index_copy(0, chosen, mixed)
    return out


def _aligned(
    q: Float[Tensor, "n q c"], k: Float[Tensor, "n k c"], v: Float[Tensor, "n k c"], bias: Bias
) -> Float[Tensor, "n q c"]:
    heads, width = len(bias), q.shape[-1] // len(bias)
    fill = -width % _ALIGNED
    given = (
        pad(rearrange(t, "n p (heads d) -> n heads p d", heads=heads), (0, fill)) for t in (q, k, v)
    )
    out = scaled_dot_product_attention(*given, attn_mask=bias[None], scale=width**-0.5)
    return rearrange(out[..., :width], "n heads q d -> n q (heads d)")


def _cut(
    qkv: Float[Tensor, "b h w qkv"], window: int, overlap: int
) -> tuple[Float[Tensor, "n q c"], Float[Tensor, "n k c"], Float[Tensor, "n k c"]]:
    if not overlap:
        q, k, v = partition(qkv, window).chunk(3, -1)
        return q, k, v
    q, k, v = qkv.chunk(3, -1)
    keys, values = (overlapping_partition(t, window, window + overlap) for t in (k, v))
    return partition(q, window), keys, values


def gathered_attend(
    out: Tensor, q: Tensor, k: Tensor, v: Tensor, windows: WindowRows, bias: Bias
) -> None:
    """An `Attention` in PyTorch: some windows at a time, rows by index."""
    for chosen, mask in _groups(windows):
        masked = bias if mask is None else bias + mask.to(bias)
        for part in chosen.split(max(1, _QUERIES_AT_ONCE // bias.shape[1])):
            rows, key_rows = windows.query_rows[part], windows.key_rows[part] % len(k)
            given = (_gather(q, rows), _gather(k, key_rows), _gather(v, key_rows))
            mixed = plain_attend(*given, masked[None])
            out.index_copy_(0, rows.flatten().long(), mixed.flatten(0, 1))


def _groups(windows: WindowRows) -> Iterator[tuple[Int[Tensor, " n"], Tensor | None]]:
    """Windows of one kind together, with the mask that they share."""
    rows = windows.query_rows
    if windows.regions is None or windows.kinds is None:
        yield torch.arange(len(rows), device=rows.device), None
        return
    for kind in windows.kinds.unique().tolist():
        chosen = (windows.kinds == kind).nonzero()[:, 0].to(rows.device)
        yield chosen, seam_masks(windows.regions[kind : kind + 1])[0] if kind else None


def _gather(x: Float[Tensor, "p c"], rows: Int[Tensor, "n q"]) -> Float[Tensor, "n q c"]:
    return x.index_select(0, rows.flatten()).unflatten(0, rows.shape)
