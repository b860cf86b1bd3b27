"""Sizes of window attention that the kernels of Triton are tested with, and what they are given."""

import torch
from torch import Tensor

CASES = [
    # pictures, rows and columns of windows, window, overlap, shift, heads, width, block
    (2, 2, 3, 4, 0, 0, 2, 7, 16),
    (2, 2, 3, 4, 0, 2, 2, 7, 16),
    (1, 1, 2, 4, 0, 2, 1, 10, 16),
    (1, 3, 1, 5, 0, 2, 2, 10, 16),
    (2, 3, 2, 4, 2, 0, 2, 30, 16),
    (1, 2, 2, 4, 4, 0, 1, 64, 16),
    (1, 2, 3, 4, 10, 0, 1, 8, 64),
    (1, 2, 2, 8, 0, 4, 1, 64, 32),
    (1, 2, 1, 16, 8, 0, 1, 30, 1024),
    (1, 1, 2, 16, 0, 8, 1, 30, 256),
    (1, 1, 1, 24, 0, 12, 1, 10, 1024),
    (1, 1, 1, 24, 12, 0, 1, 7, 2048),
]


def inputs(case: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    b, rows, cols, window, overlap, _, heads, width, _ = case
    generator = torch.Generator().manual_seed(0)
    qkv = torch.randn(b, rows * window, cols * window, 3 * heads * width, generator=generator)
    bias = torch.randn(heads, window**2, (window + overlap) ** 2, generator=generator)
    return qkv.to(dtype), bias


def with_gradients(function, qkv: Tensor, bias: Tensor, **sizes: int) -> list[Tensor]:
    given = [t.clone().requires_grad_() for t in (qkv, bias)]
    out = function(*given, **sizes)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return [out, *torch.autograd.grad((out * weights.to(out)).sum(), given)]
