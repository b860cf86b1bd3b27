"""Attention for training on a CPU: scores live in the cache only, and are computed twice.

PyTorch's own attention with a learned bias writes every score matrix to memory several times
over. Here a few windows are worked on at a time, in place, and the backward pass computes the
probabilities again from the saved row sums. The result is the same to rounding.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_CACHE = 1 << 20
"""Bytes of scores that a core works on at a time; twice that fits a second-level cache."""


def chunked_attend(
    q: Float[Tensor, "n q c"],
    k: Float[Tensor, "n k c"],
    v: Float[Tensor, "n k c"],
    bias: Float[Tensor, "m heads q k"],
) -> Float[Tensor, "n q c"]:
    """SoftMax(Q K^T / sqrt(d) + B) V with several heads, differentiable once in all four.

    Args:
        q: queries of each window.
        k: keys.
        v: values.
        bias: entry i goes with windows i, m + i, 2 m + i ...: one for all windows, one for each,
            or one for each place in a picture. m divides n.
    """
    return _ChunkedAttention.apply(q, k, v, bias)  # pyright: ignore[reportReturnType]


def supports_chunks(q: Tensor, bias: Tensor) -> bool:
    """Whether `chunked_attend` is the way: a gradient is wanted, on a CPU, in one plain dtype."""
    return (
        torch.is_grad_enabled()
        and (q.requires_grad or bias.requires_grad)
        and q.device.type == "cpu"
        and q.dtype == bias.dtype
        and q.dtype in (torch.float32, torch.float64)
        and not torch.compiler.is_compiling()
    )


class _ChunkedAttention(Function):
    """Forward and backward of `chunked_attend`."""

    @staticmethod
    def forward(ctx, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        heads = bias.shape[1]
        out = q.new_empty(q.shape)
        scaled, key, value, mixed = (_by_head(t, heads) for t in (_scaled(q, heads), k, v, out))
        log_sums = q.new_empty(*scaled.shape[:3], 1)
        for windows, places in _chunks(len(q), bias):
            scores = _scores(scaled[windows], key[windows], bias[places])
            largest = scores.amax(-1, keepdim=True)
            _exponential(scores, largest, masked=len(bias) > 1)
            sums = scores.sum(-1, keepdim=True)
            _put(mixed[windows], torch.bmm(scores, value[windows].flatten(0, 1)).div_(sums))
            _put(log_sums[windows], sums.log_().add_(largest))
        ctx.save_for_backward(q, k, v, bias, out, log_sums)
        return out

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        q, k, v, bias, out, log_sums = ctx.saved_tensors
        heads = bias.shape[1]
        d_out = gradients[0].contiguous()
        d_q, d_k, d_v = (t.new_empty(t.shape) for t in (q, k, v))
        d_bias = torch.zeros_like(bias) if ctx.needs_input_grad[3] else None
        scaled, key, value = (_by_head(t, heads) for t in (_scaled(q, heads), k, v))
        d_query, d_key, d_value, d_mixed = (_by_head(t, heads) for t in (d_q, d_k, d_v, d_out))
        mean = _by_head(d_out * out, heads).sum(-1, keepdim=True)
        for windows, places in _chunks(len(q), bias):
            inner = d_mixed[windows].flatten(0, 1)
            shares = _scores(scaled[windows], key[windows], bias[places])
            _exponential(shares, log_sums[windows].flatten(0, 1), masked=len(bias) > 1)
            _put(d_value[windows], torch.bmm(shares.mT, inner))
            d_scores = torch.bmm(inner, value[windows].flatten(0, 1).mT)
            d_scores.sub_(mean[windows].flatten(0, 1)).mul_(shares)
            if d_bias is not None:
                _add_bias_gradient(d_bias[places], d_scores)
            _put(d_query[windows], torch.bmm(d_scores, key[windows].flatten(0, 1)))
            _put(d_key[windows], torch.bmm(d_scores.mT, scaled[windows].flatten(0, 1)))
        return _scaled(d_q, heads), d_k, d_v, d_bias


def _chunks(n: int, bias: Tensor) -> Iterator[tuple[slice, slice]]:
    """Windows to work on together, and their entries of the bias."""
    m = len(bias)
    bytes_each = bias[0].numel() * bias.element_size()
    count = max(1, _CACHE * torch.get_num_threads() // bytes_each)
    if m > 1:  # entries must lie together too
        count = max(c for c in range(1, min(count, m) + 1) if m % c == 0)
    for first in range(0, n, count):
        windows = slice(first, min(first + count, n))
        place = first % m
        yield windows, slice(place, place + count) if m > 1 else slice(0, 1)


def _scaled(q: Tensor, heads: int) -> Tensor:
    """Divided by the root of the head's width."""
    return q * (q.shape[-1] // heads) ** -0.5


def _by_head(x: Tensor, heads: int) -> Tensor:
    """View n p (heads d) as n heads p d."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _put(place: Tensor, values: Tensor) -> None:
    """Write (w heads) p d into w heads p d."""
    place.copy_(values.view(place.shape))


def _scores(query: Tensor, key: Tensor, bias: Tensor) -> Tensor:
    """Q K^T + B of scaled queries: (w heads) q k."""
    scores = torch.bmm(query.flatten(0, 1), key.flatten(0, 1).mT)
    scores.view(-1, *bias.shape[1:]).add_(bias)
    return scores


def _exponential(scores: Tensor, largest: Tensor, masked: bool) -> None:
    """Replace scores by exp(scores - largest).

    Behind a mask that would be denormal numbers, with which a core is many times slower: they
    are raised to exp(-60), which is nothing beside 1 in double precision too.
    """
    scores.sub_(largest)
    if masked:
        scores.clamp_min_(-60.0)
    scores.exp_()


def _add_bias_gradient(d_bias: Tensor, d_scores: Tensor) -> None:
    """Add w windows' gradients to one entry, or to w of them."""
    each = d_scores.view(-1, *d_bias.shape[1:])
    if len(d_bias) == len(each):
        d_bias.add_(each)
    else:
        for window in each:
            d_bias[0].add_(window)
