"""The operator hatsr::window_attention: all windows of a feature map at once, differentiable.

A window is a list of pixels; features stay where they are in the map. See attention.cpp.
"""

from collections.abc import Callable
from ctypes import byref
from dataclasses import dataclass
from math import e, log2

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn.functional import pad

from hatsr.native.library import Heads, Kernels, Strides, Windows, kernels

STEP = 16
"""Queries that the kernel handles together."""
_NEVER = -1e30  # the bias of keys that only fill up a vector


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Pixels of the windows of one picture, numbered row by row."""

    query_rows: Int[Tensor, "n q"]
    """int32."""
    key_rows: Int[Tensor, "n k"]
    """int32; -1 stands for a pixel of zeros outside the picture."""
    regions: Int[Tensor, "n q"] | None = None
    """int32, where keys are the queries: positions of different regions do not see each other."""
    seams: UInt8[Tensor, " n"] | None = None
    """uint8: windows with more than one region."""

    @property
    def rows(self) -> tuple[Tensor | None, ...]:
        """All four, in the operator's order."""
        return self.query_rows, self.key_rows, self.regions, self.seams

    @property
    def shared(self) -> bool:
        """Whether windows have keys in common."""
        return self.key_rows.shape != self.query_rows.shape


def usable(features: Tensor) -> bool:
    """Whether the operator can run: float32 on the CPU, kernels built, not being compiled."""
    return (
        features.dtype == torch.float32
        and features.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and isinstance(kernels(), Kernels)
    )


def window_attention(
    qkv: Float[Tensor, "b h w c3"], bias: Float[Tensor, "heads q k"], places: Places
) -> Float[Tensor, "b h w c"]:
    """SoftMax(Q K^T / sqrt(d) + B) V of every window, at its queries' pixels (equation 2).

    Args:
        qkv: queries, keys and values of each pixel, float32 on the CPU.
        bias: B.
        places: the windows; every pixel is a query of exactly one.
    """
    out = _forward(qkv.flatten(1, 2).float(), bias.float(), *places.rows)[0]
    return out.unflatten(1, qkv.shape[1:3])


def attend_into(
    out: Tensor, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, places: Places
) -> None:
    """The same without gradients, from and into rows (p, width) of any distance.

    Args:
        out: p c.
        query: p c.
        key: p2 c.
        value: p2 c.
        bias: as `prepared` makes it.
        places: queries are rows of `query` and `out`, keys are rows of `key` and `value`.
    """
    _call(_found().forward, places, (query, key, value), bias, (out, None))


def prepared(bias: Float[Tensor, "heads q k"]) -> Float[Tensor, "heads panels q2 panel"]:
    """B in units of log2, filled up and in the order that the kernel reads."""
    _, queries, keys = bias.shape
    panel = _found().panel_keys(keys)
    fill = (0, -keys % panel, 0, -queries % STEP)
    filled = pad(bias.detach() * log2(e), fill, value=_NEVER)
    return filled.unflatten(2, (-1, panel)).transpose(1, 2).contiguous()


@torch.library.custom_op("hatsr::window_attention", mutates_args=())
def _forward(
    qkv: Tensor,
    bias: Tensor,
    query_rows: Tensor,
    key_rows: Tensor,
    regions: Tensor | None,
    seams: Tensor | None,
) -> tuple[Tensor, Tensor]:
    places = Places(query_rows, key_rows, regions, seams)
    qkv = qkv.contiguous()
    pictures, pixels, width = qkv.shape
    out = qkv.new_empty(pictures, pixels, width // 3)
    ready = prepared(bias)
    log_sums = qkv.new_empty(len(bias), pictures, len(query_rows), ready.shape[2])
    query, key, value = qkv.chunk(3, -1)
    _call(_found().forward, places, (query, key, value), ready, (out, log_sums))
    return out, log_sums


@_forward.register_fake
def _shapes(qkv, bias, query_rows, key_rows, regions, seams):
    b, p, width = qkv.shape
    queries = -(-bias.shape[1] // STEP) * STEP
    return qkv.new_empty(b, p, width // 3), qkv.new_empty(len(bias), b, len(query_rows), queries)


@torch.library.custom_op("hatsr::window_attention_backward", mutates_args=())
def _backward(  # noqa: PLR0913 - an operator takes tensors one by one
    d_out: Tensor,
    qkv: Tensor,
    bias: Tensor,
    out: Tensor,
    log_sums: Tensor,
    query_rows: Tensor,
    key_rows: Tensor,
    regions: Tensor | None,
    seams: Tensor | None,
) -> tuple[Tensor, Tensor]:
    places = Places(query_rows, key_rows, regions, seams)
    qkv, d_out = qkv.contiguous(), d_out.contiguous()
    ready = prepared(bias)
    d_qkv = torch.zeros_like(qkv) if places.shared else torch.empty_like(qkv)
    d_bias = ready.new_zeros(torch.get_num_threads(), *ready.shape)
    query, key, value = qkv.chunk(3, -1)
    others = (out, log_sums, d_out, *d_qkv.chunk(3, -1), d_bias)
    _call(_found().backward, places, (query, key, value), ready, others, places.shared)
    d_bias = d_bias.sum(0).transpose(1, 2).flatten(2)
    return d_qkv, d_bias[:, : bias.shape[1], : bias.shape[2]].contiguous()


@_backward.register_fake
def _backward_shapes(d_out, qkv, bias, *others):
    return torch.empty_like(qkv), torch.empty_like(bias)


def _keep(ctx, inputs, output) -> None:
    qkv, bias, *rows = inputs
    ctx.save_for_backward(qkv, bias, *output, *rows)


def _differentiate(ctx, d_out, _):
    qkv, bias, out, log_sums, *rows = ctx.saved_tensors
    return *_backward(d_out, qkv, bias, out, log_sums, *rows), None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_keep)


def _found() -> Kernels:
    found = kernels()
    if isinstance(found, str):
        raise RuntimeError(f"native kernels must be there, got none: {found}")
    return found


def _call(
    function: Callable[..., int],
    places: Places,
    maps: tuple[Tensor, Tensor, Tensor],
    bias: Tensor,
    others: tuple[Tensor | None, ...],
    *flags: bool,
) -> None:
    """Hand pointers over. Maps are (b) p c; the first of the others is the one to write."""
    query, key, _ = maps
    pictures, pixels = query.shape[:2] if query.dim() == 3 else (1, 0)
    heads, panels, queries, panel = bias.shape
    windows = Windows(
        pictures,
        pixels,
        *places.query_rows.shape,
        places.key_rows.shape[1],
        *_pointers(places.rows),
    )
    width, threads = query.shape[-1] // heads, torch.get_num_threads()
    count = Heads(heads, width, queries, panels, panel, threads)
    out = others[0]
    strides = Strides(query.stride(-2), key.stride(-2), 0 if out is None else out.stride(-2))
    pointers = _pointers((*maps, bias, *others))
    if not function(byref(windows), byref(count), byref(strides), *pointers, *flags):
        raise MemoryError("memory must hold a window for each thread, got too little")


def _pointers(tensors: tuple[Tensor | None, ...]) -> list[int | None]:
    return [None if tensor is None else tensor.data_ptr() for tensor in tensors]
