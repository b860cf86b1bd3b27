"""The operator hatsr::window_attention: all windows of a feature map at once, differentiable.

A window is a list of pixels; features stay where they are in the map. See attention.cpp.
"""

from ctypes import byref
from dataclasses import dataclass
from math import e, log2

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn.functional import pad

from hatsr.native.library import Gradients, Heads, Inputs, Kernels, Map, Windows, kernels

_STEP = 16
"""Queries that the kernel handles together."""
_NEVER = -1e30  # the bias of keys that only fill up a vector

PackedBias = Float[Tensor, "heads panels padded panel"]
"""A bias as `pack_bias` makes it."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowRows:
    """Which rows of a map are in each window of one picture; pixels are numbered row by row."""

    query_rows: Int[Tensor, "n q"]
    """Number of each query's pixel, int32."""
    key_rows: Int[Tensor, "n k"]
    """Number of each key's pixel, int32; -1 stands for a pixel of zeros outside the picture."""
    regions: Int[Tensor, "m q"] | None = None
    """int32, where keys are the queries: positions of different regions do not see each other."""
    kinds: UInt8[Tensor, " n"] | None = None
    """uint8: the row of `regions` for each window; 0 where it has but one region."""
    shared: bool = False
    """Whether windows have keys in common."""

    @property
    def tables(self) -> tuple[Tensor | None, ...]:
        """All four, in the operator's order."""
        return self.query_rows, self.key_rows, self.regions, self.kinds


def supports_attention(features: Tensor) -> bool:
    """Whether the operator can run: float32 on the CPU, kernels built, not being compiled."""
    return (
        features.dtype == torch.float32
        and features.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and isinstance(kernels(), Kernels)
    )


def window_attention(
    qkv: Float[Tensor, "b h w qkv"], bias: Float[Tensor, "heads q k"], windows: WindowRows
) -> Float[Tensor, "b h w c"]:
    """SoftMax(Q K^T / sqrt(d) + B) V of every window, at its queries' pixels (equation 2).

    Args:
        qkv: queries, keys and values of each pixel on the CPU; products and result are in bfloat16
            if they are, else in float32.
        bias: B.
        windows: every pixel is a query of exactly one.
    """
    given = qkv.flatten(1, 2), bias.float()
    if qkv.dtype != torch.bfloat16:
        given = given[0].float(), given[1]
    return _forward(*given, *windows.tables, windows.shared)[0].unflatten(1, qkv.shape[1:3])


def attend_into(
    out: Float[Tensor, "p c"],
    query: Float[Tensor, "p c"],
    key: Float[Tensor, "rows c"],
    value: Float[Tensor, "rows c"],
    windows: WindowRows,
    bias: PackedBias,
) -> None:
    """The same without gradients, from and into rows of any distance.

    Args:
        out: written at every query.
        query: rows that the queries are numbers of.
        key: rows that the keys are numbers of.
        value: rows that the keys are numbers of.
        windows: every row is a query of at most one.
        bias: B.
    """
    _run_forward(windows, (query, key, value), bias, out[None], None)


def pack_bias(bias: Float[Tensor, "heads q k"]) -> PackedBias:
    """B in units of log2, padded and in the order that the kernel reads."""
    _, queries, keys = bias.shape
    panel = found_kernels().panel_keys(keys)
    fill = (0, -keys % panel, 0, -queries % _STEP)
    filled = pad(bias.detach() * log2(e), fill, value=_NEVER)
    return filled.unflatten(2, (-1, panel)).transpose(1, 2).contiguous()


@torch.library.custom_op("hatsr::window_attention", mutates_args=())
def _forward(  # noqa: PLR0913 - an operator takes tensors one by one
    qkv: Tensor,
    bias: Tensor,
    query_rows: Tensor,
    key_rows: Tensor,
    regions: Tensor | None,
    kinds: Tensor | None,
    shared: bool,
) -> tuple[Tensor, Tensor]:
    windows = WindowRows(query_rows, key_rows, regions, kinds, shared)
    qkv = qkv.contiguous()
    pictures, pixels, width = qkv.shape
    out = qkv.new_empty(pictures, pixels, width // 3)
    packed = pack_bias(bias)
    log_sums = bias.new_empty(len(bias), pictures, len(query_rows), packed.shape[2])
    query, key, value = qkv.chunk(3, -1)
    _run_forward(windows, (query, key, value), packed, out, log_sums)
    return out, log_sums


@_forward.register_fake
def _shapes(qkv, bias, query_rows, *others):
    b, p, width = qkv.shape
    padded = -(-bias.shape[1] // _STEP) * _STEP
    return qkv.new_empty(b, p, width // 3), bias.new_empty(len(bias), b, len(query_rows), padded)


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
    kinds: Tensor | None,
    shared: bool,
) -> tuple[Tensor, Tensor]:
    windows = WindowRows(query_rows, key_rows, regions, kinds, shared)
    qkv, d_out = qkv.contiguous(), d_out.contiguous()
    packed = pack_bias(bias)
    d_qkv = torch.empty_like(qkv)
    d_query, d_keys = d_qkv.split((out.shape[-1], 2 * out.shape[-1]), -1)
    sums = torch.zeros_like(d_keys, dtype=torch.float32) if shared else d_keys
    d_bias = packed.new_zeros(torch.get_num_threads(), *packed.shape)
    d_key, d_value = sums.chunk(2, -1)
    gradients = d_query, d_key, d_value, d_bias
    _run_backward(windows, qkv, packed, (out, log_sums, d_out), gradients)
    if shared:
        d_keys.copy_(sums)
    d_bias = d_bias.sum(0).transpose(1, 2).flatten(2)
    return d_qkv, d_bias[:, : bias.shape[1], : bias.shape[2]].contiguous()


@_backward.register_fake
def _backward_shapes(d_out, qkv, bias, *others):
    return torch.empty_like(qkv), torch.empty_like(bias)


def _keep(ctx, inputs, output) -> None:
    qkv, bias, *tables, ctx.shared = inputs
    ctx.save_for_backward(qkv, bias, *output, *tables)


def _differentiate(ctx, d_out, _):
    qkv, bias, out, log_sums, *tables = ctx.saved_tensors
    given = qkv, bias, out, log_sums, *tables
    return *_backward(d_out, *given, ctx.shared), None, None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_keep)


def found_kernels() -> Kernels:
    """The build in use, which must be there."""
    found = kernels()
    if isinstance(found, str):
        raise RuntimeError(f"native kernels must be there, got none: {found}")
    return found


def _run_forward(
    windows: WindowRows,
    maps: tuple[Tensor, Tensor, Tensor],
    bias: PackedBias,
    out: Float[Tensor, "b p c"],
    log_sums: Float[Tensor, "heads b n padded"] | None,
) -> None:
    """Attend from queries, keys and values, (b) p c each, into `out`, and `log_sums` if given."""
    inputs = Inputs(*map(_map, maps), bias.data_ptr())
    about = byref(_windows(windows, out)), byref(_heads(bias, out)), byref(inputs)
    sums, threads = address(log_sums), torch.get_num_threads()
    found = found_kernels()
    forward = found.bf16.hatsr_attention_bf16 if out.dtype == torch.bfloat16 else found.forward
    check_memory(forward(*about, byref(_map(out)), sums, threads))


def _run_backward(
    windows: WindowRows,
    qkv: Float[Tensor, "b p qkv"],
    bias: PackedBias,
    found: tuple[Tensor, Tensor, Tensor],
    gradients: tuple[Tensor, Tensor, Tensor, Tensor],
) -> None:
    """From `out`, `log_sums` and the gradient of `out` to those of queries, keys, values and bias.

    Where windows share keys, those of keys and values are added up, in float32; as is that of the
    bias (threads heads panels padded panel).
    """
    out, log_sums, d_out = found
    inputs = Inputs(*map(_map, qkv.chunk(3, -1)), bias.data_ptr())
    about = byref(_windows(windows, out)), byref(_heads(bias, out)), byref(inputs)
    *d_maps, d_bias = gradients
    given = Gradients(
        _map(out), log_sums.data_ptr(), *map(_map, (d_out, *d_maps)), d_bias.data_ptr()
    )
    library = found_kernels()
    in_bf16 = out.dtype == torch.bfloat16
    backward = library.bf16.hatsr_attention_backward_bf16 if in_bf16 else library.backward
    check_memory(backward(*about, byref(given), torch.get_num_threads()))


def _windows(windows: WindowRows, out: Float[Tensor, "b p c"]) -> Windows:
    keys = windows.key_rows.shape[1]
    sizes = *out.shape[:2], *windows.query_rows.shape, keys
    return Windows(*sizes, *map(address, windows.tables), windows.shared)


def _heads(bias: PackedBias, out: Float[Tensor, "b p c"]) -> Heads:
    heads, panels, queries, panel = bias.shape
    return Heads(heads, out.shape[-1] // heads, queries, panels, panel)


def _map(rows: Float[Tensor, "*b p c"]) -> Map:
    return Map(rows.data_ptr(), rows.stride(-2))


def address(tensor: Tensor | None) -> int | None:
    """Where a tensor's numbers begin, for a C function."""
    return None if tensor is None else tensor.data_ptr()


def check_memory(enough: int) -> None:
    """Raise an error where a C function says that there was not enough."""
    if not enough:
        raise MemoryError("memory must hold a window for each thread, got too little")
