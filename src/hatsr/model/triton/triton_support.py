"""Whether the kernels for GPUs can run; their operator is imported only where they can.

Triton comes with every CUDA build of PyTorch for Linux. With ``TRITON_INTERPRET=1`` its kernels run
on a CPU, slowly: so they are tested where there is no GPU.
"""

import os
from functools import cache

import torch
from torch import Tensor

_INTERPRETED = (torch.float32, torch.float16)
"""What Triton's interpreter computes with; it gets bfloat16 wrong."""


def supports_triton(features: Tensor) -> bool:
    """Whether the operator can run on such features: on a CUDA device whose Triton works."""
    device, dtype = features.device, features.dtype
    if device.type == "cuda":
        return dtype in (*_INTERPRETED, torch.bfloat16) and not triton_unusable(str(device))
    interpreted = device.type == "cpu" and os.environ.get("TRITON_INTERPRET") == "1"
    return interpreted and dtype in _INTERPRETED


def triton_unusable(device: str) -> str:
    """Why a CUDA device cannot run the kernels, in words; nothing if it can."""
    return _tried(device)


triton_unusable.__dict__["_dynamo_marked_constant"] = True
"""As `torch.compiler.assume_constant_result` marks it, which loads the whole compiler."""


@cache
def _tried(device: str) -> str:
    """Run the smallest attention: only so is it known that kernels can be compiled here."""
    from hatsr.model.triton.triton_attention import triton_attend

    try:
        if torch.cuda.get_device_capability(device) < (8, 0):
            return "the GPU is older than Ampere"
        qkv = torch.zeros(1, 4, 4, 3 * 16, device=device, dtype=torch.bfloat16)
        triton_attend(qkv, torch.zeros(1, 16, 16, device=device), window=4)
        torch.cuda.synchronize(device)
    except Exception as error:  # whatever a compiler may say
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return ""
