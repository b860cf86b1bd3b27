"""Compiles Triton's kernels for GPUs that need not be there; prints what each takes.

A process of its own, without TRITON_INTERPRET: kernel, architecture, bytes of shared memory.
"""

import sys
from pathlib import Path

import torch

from hatsr.model.triton_attention import _sizes

STEM = Path(__file__).stem
LEAST_SHARED = 99 << 10
"""Bytes of shared memory that a program can have on any GPU since Ampere."""
KERNELS = ("forward", "backward_queries", "backward_keys", "backward_bias")
POINTERS = {"bias": "*fp32", "log_sums": "*fp32", "inner": "*fp32", "d_bias": "*fp32"}
NUMBERS = {"height": "i32", "width": "i32", "windows": "i32", "scale": "fp32"}


def shared_bytes(name: str, architecture: int) -> int:
    """Compile a kernel for OCAB of HAT: window 16, overlap 8, heads of 30, bfloat16."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from hatsr.model import triton_kernels

    kernel = getattr(triton_kernels, name)
    qkv, bias = torch.empty(1, 16, 16, 540, dtype=torch.bfloat16), torch.empty(6, 256, 576)
    sizes = _sizes(qkv, bias, 16, 8, 0)
    options = {"num_stages": sizes.pop("num_stages")}
    types = dict.fromkeys(sizes, "constexpr") | POINTERS | NUMBERS
    signature = {name: types.get(name, "*bf16") for name in kernel.arg_names}
    place = {name: (i,) for i, name in enumerate(kernel.arg_names)}
    values = {place[name]: value for name, value in sizes.items()}
    aligned = [["tt.divisibility", 16]]
    attributes = {place[name]: aligned for name, kind in signature.items() if kind[0] == "*"}
    source = ASTSource(kernel, signature, values, attributes)
    target = GPUTarget("cuda", architecture, 32)
    return triton.compile(source, target=target, options=options).metadata.shared


def shared_bytes_of_norm(architecture: int) -> int:
    """Compile the sum and norm of HAT's 180 channels in 184."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from hatsr.inference.cuda.norm_kernel import add_and_norm as kernel

    values = {"channels": 180, "width": 184, "has_sum": True, "has_gated": True}
    values |= {"lanes": 256, "block": 8}
    types = dict.fromkeys(("y", "gated", "normed"), "*bf16") | dict.fromkeys(values, "constexpr")
    types |= dict.fromkeys(("pixels", "pixels_of_picture", "gains_of_picture"), "i32")
    types |= {"eps": "fp32"}
    signature = {name: types.get(name, "*fp32") for name in kernel.arg_names}
    place = {name: (i,) for i, name in enumerate(kernel.arg_names)}
    source = ASTSource(kernel, signature, {place[name]: value for name, value in values.items()})
    return triton.compile(source, target=GPUTarget("cuda", architecture, 32)).metadata.shared


if __name__ == "__main__":
    sys.stdout.write(f"add_and_norm 80 {shared_bytes_of_norm(80)}\n")
    for name, architecture in (*((name, 90) for name in KERNELS), ("backward_keys", 80)):
        sys.stdout.write(f"{name} {architecture} {shared_bytes(name, architecture)}\n")
