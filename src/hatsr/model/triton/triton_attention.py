"""The operator hatsr::triton_attention: window attention on a GPU, differentiable.

Where it can run, `triton_support` says.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_MAX_BLOCK = 64
"""Queries and keys of a block at most; half of it where registers would not hold them."""
_PROGRAMS = 1024
"""Programs that the gradient of a bias is shared out among, about."""


def triton_attend(
    qkv: Float[Tensor, "b h w qkv"],
    bias: Float[Tensor, "heads q k"],
    *,
    window: int,
    overlap: int = 0,
    shift: int = 0,
) -> Float[Tensor, "b h w c"]:
    """What `hatsr.model.attention.attend` computes, with gradients of both inputs.

    Sums are float32; products are made in the features' dtype, the bias may have another one.
    """
    return _forward(qkv, bias, window, overlap, shift)[0]


@torch.library.custom_op("hatsr::triton_attention", mutates_args=())
def _forward(
    qkv: Tensor, bias: Tensor, window: int, overlap: int, shift: int
) -> tuple[Tensor, Tensor]:
    kernels = _kernels()

    qkv, bias = qkv.contiguous(), bias.contiguous()
    b, h, w, width = qkv.shape
    heads, queries, _ = bias.shape
    out, log_sums = qkv.new_empty(b, h, w, width // 3), _by_head(qkv, heads)
    sizes = _sizes(qkv, bias, window, overlap, shift)
    blocks = -(-queries // sizes["q_block"])
    grid = (b * h * w // queries * blocks, heads)
    with torch.cuda.device_of(qkv):
        kernels.forward[grid](qkv, bias, out, log_sums, h, w, _scale(qkv, heads), **sizes)
    return out, log_sums


@_forward.register_fake
def _shapes(qkv, bias, window, overlap, shift):
    b, h, w, width = qkv.shape
    return qkv.new_empty(b, h, w, width // 3), _by_head(qkv, len(bias))


def _kernels() -> Any:
    from hatsr.model.triton import triton_kernels  # Triton is there only beside CUDA

    return triton_kernels


@torch.library.custom_op("hatsr::triton_attention_backward", mutates_args=())
def _backward(  # noqa: PLR0913 - an operator takes tensors one by one
    d_out: Tensor,
    qkv: Tensor,
    bias: Tensor,
    out: Tensor,
    log_sums: Tensor,
    window: int,
    overlap: int,
    shift: int,
) -> tuple[Tensor, Tensor]:
    kernels = _kernels()

    qkv, bias, d_out = qkv.contiguous(), bias.contiguous(), d_out.contiguous()
    (_, h, w, _), (heads, queries, keys) = qkv.shape, bias.shape
    inner = (d_out.float() * out.float()).unflatten(-1, (heads, -1)).sum(-1)
    d_qkv, scale = torch.empty_like(qkv), _scale(qkv, heads)
    sizes = _sizes(qkv, bias, window, overlap, shift)
    windows = log_sums.numel() // heads // queries
    q_blocks, k_blocks = (-(-n // sizes[s]) for n, s in ((queries, "q_block"), (keys, "k_block")))
    shares = max(1, min(windows, _PROGRAMS // (q_blocks * k_blocks * heads)))
    d_bias = bias.new_empty(shares, *bias.shape, dtype=torch.float32)
    given = qkv, bias, d_out, log_sums, inner
    own_blocks = -(-queries // sizes["k_block"])
    with torch.cuda.device_of(qkv):
        kernels.backward_queries[windows * q_blocks, heads](*given, d_qkv, h, w, scale, **sizes)
        kernels.backward_keys[windows * own_blocks, heads](*given, d_qkv, h, w, scale, **sizes)
        grid = (q_blocks * k_blocks, heads, shares)
        kernels.backward_bias[grid](*given, d_bias, windows, h, w, scale, **sizes)
    return d_qkv, d_bias.sum(0).to(bias.dtype)


@_backward.register_fake
def _backward_shapes(d_out, qkv, bias, *others):
    return torch.empty_like(qkv), torch.empty_like(bias)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    qkv, bias, *ctx.sizes = inputs
    ctx.save_for_backward(qkv, bias, *output)


def _differentiate(ctx: Any, d_out: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return *_backward(d_out, *ctx.saved_tensors, *ctx.sizes), None, None, None


_forward.register_autograd(_differentiate, setup_context=_keep)


def _by_head(qkv: Tensor, heads: int) -> Tensor:
    """Room for a number for each pixel and head."""
    return qkv.new_empty(*qkv.shape[:3], heads, dtype=torch.float32)


def _scale(qkv: Tensor, heads: int) -> float:
    return (qkv.shape[-1] // 3 // heads) ** -0.5


def _sizes(qkv: Tensor, bias: Tensor, window: int, overlap: int, shift: int) -> dict[str, int]:
    """What kernels are compiled for."""
    heads, queries, keys = bias.shape
    head_width = qkv.shape[-1] // 3 // heads
    lanes = _power_of_two(head_width)
    narrow = lanes <= 64 and qkv.element_size() == 2
    most = _MAX_BLOCK if narrow else _MAX_BLOCK // 2
    return {
        "heads": heads,
        "head_width": head_width,
        "window": window,
        "overlap": overlap,
        "shift": shift,
        "q_block": min(most, _power_of_two(queries)),
        "k_block": min(most, _power_of_two(keys)),
        "lanes": lanes,
        "num_stages": 2,
    }


def _power_of_two(number: int) -> int:
    """The least power of two from 16 on that is not below a number."""
    return max(16, 1 << (number - 1).bit_length())
