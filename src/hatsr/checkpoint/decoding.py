"""Tensors out of files of others: nothing in a file is ever run."""

import pickle
import re
import warnings
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from hatsr.checkpoint.encoding import PTH_METADATA
from hatsr.checkpoint.names import plain_names, shorten

_NESTING = (
    *("params_ema", "params", "state_dict", "model_state_dict", "net_state_dict"),
    *("model", "generator", "net_g", "network"),
)
"""Keys under which training programs keep the weights; the first found is used."""


class _Skipped:
    """Stands for something of NumPy in a pickle: it is made, and forgotten, without NumPy."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


_NUMPY = tuple(
    type(name, (_Skipped,), {"__module__": module})
    for module, name in (
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.multiarray", "_reconstruct"),
    )
)
"""What pickles call for the numbers and arrays that programs keep beside weights (best PSNR)."""


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by their plain names, and the text beside them in the order of its keys.

    Args:
        path: the file; what kind it is is told by its contents alone.

    Raises:
        ValueError: the file is cut, hostile or of another kind.
    """
    with path.open("rb") as file:
        head = file.read(9)
    if len(head) == 9 and head[8:] == b"{":
        tensors, metadata = _read_safetensors(path)
    elif head.startswith((b"PK", b"\x80")):
        loaded = _read_pickle(path)
        tensors, metadata = _state_dict(loaded), _own_text(loaded)
    else:
        raise ValueError(
            "the file must be a PyTorch (.pth) or safetensors checkpoint, got other contents "
            f"(it begins with {head!r})"
        )
    return plain_names(tensors), dict(sorted(metadata.items()))


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(
            f"the safetensors file must be whole, got {error}; copy it again"
        ) from None


def _read_pickle(path: Path) -> object:
    try:
        with (
            warnings.catch_warnings(),
            torch.serialization.safe_globals(list(_NUMPY)),
            path.open("rb") as file,  # from a path torch would tell the kind by its ending
        ):
            warnings.simplefilter("ignore")  # about pickle versions: nothing a user can act on
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise ValueError(
            "the file must hold tensors only and was refused, since other objects could run code: "
            f"got {named[1] if named else 'a pickle that PyTorch cannot check'}; save the weights "
            "alone, torch.save(network.state_dict(), file)"
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged bytes make of it
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"the file must be a whole PyTorch checkpoint, got a cut or damaged one ({first}); "
            "copy it again"
        ) from None


def _own_text(loaded: object) -> dict[str, str]:
    """What we wrote beside the weights, if this file is one of ours."""
    text = loaded.get(PTH_METADATA) if isinstance(loaded, dict) else None
    if not isinstance(text, dict) or text.get("format") != "hatsr":
        return {}
    return {key: value for key, value in text.items() if isinstance(value, str)}


def _state_dict(loaded: object) -> dict[str, Tensor]:
    """The state dict inside what a training program saved."""
    if isinstance(loaded, dict):
        for key in _NESTING:
            if isinstance(loaded.get(key), dict):
                return _state_dict(loaded[key])
    if not isinstance(loaded, dict) or not loaded:
        raise ValueError(f"the file must hold a state dict, got {type(loaded).__name__}")
    named = {str(key): value for key, value in loaded.items()}
    strange = [key for key, value in named.items() if not isinstance(value, Tensor)]
    if strange:
        raise ValueError(f"a state dict must hold tensors only, got others at {shorten(strange)}")
    tensors = cast("dict[str, Tensor]", named)
    hollow = [key for key, value in tensors.items() if not _is_stored(value)]
    if hollow:
        raise ValueError(f"tensors must be stored in full, got others at {shorten(hollow)}")
    return tensors


def _is_stored(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are all in the file: dense, and not one number repeated."""
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
