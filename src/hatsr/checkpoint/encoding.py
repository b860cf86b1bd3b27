"""Weights as the bytes of a file: the same bytes whenever the weights are the same."""

import io
import json
from collections.abc import Mapping

import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

_LENGTH = 8  # bytes of a safetensors file that tell how long its header is, least significant first
PTH_METADATA = "metadata"
"""Key of a ``.pth`` beside the weights that holds our text; other programs pass over it."""


def to_stored(tensors: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Tensors as a file holds them: floating-point ones in `dtype`, each in memory of its own.

    Raises:
        ValueError: as `check_range`.
    """
    check_range(tensors, dtype)
    return {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor)
        .cpu()
        .clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def check_range(tensors: Mapping[str, Tensor], dtype: torch.dtype = torch.float32) -> None:
    """Refuse weights that are not numbers, or that a dtype can hold as infinity only.

    Raises:
        ValueError: one is; the message names its tensor and the value.
    """
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or tensor.to(dtype).isfinite().all():
            continue
        strange = tensor[~tensor.isfinite()]
        if len(strange):
            raise ValueError(
                f"weights must be finite, got {strange[0].item()} in {name}; the file is damaged "
                "or its training diverged: take another one"
            )
        largest = tensor.flatten()[tensor.abs().argmax()].item()
        kind, most = str(dtype).removeprefix("torch."), torch.finfo(dtype).max
        raise ValueError(
            f"{name} must be within {most:g} to be stored in {kind}, got {largest:g}; choose "
            "bfloat16 or float32"
        )


def safetensors_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file, with its metadata in the order of their keys.

    The library writes them in another order each time, so the header is written again.
    """
    made = memoryview(to_safetensors(dict(tensors), dict(metadata)))
    end = _LENGTH + int.from_bytes(made[:_LENGTH], "little")
    header = json.loads(bytes(made[_LENGTH:end]))
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH)  # tensors begin at a multiple of eight bytes
    return b"".join((len(text).to_bytes(_LENGTH, "little"), text, made[end:]))


def pth_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A PyTorch file as official programs read it, the weights under ``params_ema``."""
    file = io.BytesIO()
    text = dict(sorted(metadata.items()))
    torch.save({"params_ema": dict(tensors), PTH_METADATA: text}, file)
    return file.getvalue()
