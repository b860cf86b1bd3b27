"""Checkpoint files: what may be read safely, and how one is written."""

import json
import os
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hatsr.checkpoint.layouts.hat import from_official, is_official, to_official
from hatsr.checkpoint.names import check_names, meta_state_dict, shorten
from hatsr.files import replacing
from hatsr.model import HAT, HATConfig

WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model")
"""Keys under which training programs keep the weights; the first found is used."""


class CheckpointError(ValueError):
    """A file that is not a usable checkpoint; the message says what does not fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """The contents of a checkpoint file."""

    config: HATConfig
    """The network."""
    tensors: dict[str, Tensor]
    """Weights under our names, float32."""
    layout: Literal["hatsr", "official"]
    """Whose names the file uses."""
    metadata: dict[str, str]
    """Free text that the file carries (name, training, licence)."""

    def model(self) -> HAT:
        """The network with these weights, in evaluation mode, without needless copies."""
        with torch.device("meta"):
            model = HAT(self.config)
        model.load_state_dict(self.tensors, assign=True)
        model.reset_tables()
        return model.eval()


def read(path: str | os.PathLike) -> Checkpoint:
    """Read an official HAT or SwinIR file, or one of ours; nothing in it is ever run.

    Args:
        path: a ``.pth`` (only tensors are unpickled) or ``.safetensors`` file; the kind is
            told by the contents, not by the name.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is cut, hostile, no checkpoint, or does not fit together.
    """
    path = Path(path)
    try:
        tensors, metadata = _read_tensors(path)
        tensors = {k: v.float() for k, v in tensors.items() if v.is_floating_point()}
        if is_official(tensors):
            config, tensors = from_official(tensors)
            return Checkpoint(config=config, tensors=tensors, layout="official", metadata=metadata)
        config = _config_of(metadata, tensors)
        wanted = meta_state_dict(config, tensors)
        check_names(wanted, tensors)
        wrong = [k for k, v in tensors.items() if v.shape != wanted[k].shape]
        if wrong:
            raise ValueError(f"tensors must fit the file's config, got {shorten(wrong)}")
        return Checkpoint(config=config, tensors=tensors, layout="hatsr", metadata=metadata)
    except (ValueError, RuntimeError, OverflowError) as error:  # of sizes that torch cannot have
        raise CheckpointError(f"{path}: {error}") from error


def _config_of(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> HATConfig:
    if "config" not in metadata:
        raise ValueError(
            "the file must hold a HAT or SwinIR network, got tensors named "
            f"{shorten(sorted(tensors))}"
        )
    values: Any = json.loads(metadata["config"])
    known = {field.name for field in fields(HATConfig)}
    if not isinstance(values, dict) or set(values) - known:
        raise ValueError(
            f"the file's config must have only fields this version knows, got {values!r}; "
            "update hat-sr"
        )
    settings: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
    }
    try:
        return HATConfig(**settings)
    except TypeError as error:
        raise ValueError(f"the file's config must be a HATConfig, got {values!r}") from error


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with path.open("rb") as file:
        head = file.read(9)
    if len(head) == 9 and head[8:] == b"{":
        return _read_safetensors(path)
    if head.startswith((b"PK", b"\x80")):
        return _read_pickle(path), {}
    raise ValueError(
        "the file must be a PyTorch (.pth) or safetensors checkpoint, got other contents "
        f"(it begins with {head!r})"
    )


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(
            f"the safetensors file must be whole, got {error}; copy it again"
        ) from None


def _read_pickle(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle versions: nothing a user can act on
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).partition("Please file an issue")[0]
        for part in reason.split("\n"):
            if "Unsupported" in part or "GLOBAL" in part:
                reason = part
        raise ValueError(
            "the file must hold tensors only and was refused, since other objects could run "
            f"code: {reason.strip()[-200:]}"
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged bytes make of it
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"the file must be a whole PyTorch checkpoint, got a cut or damaged one ({first}); "
            "copy it again"
        ) from None
    return _unwrap(loaded)


def _unwrap(loaded: object) -> dict[str, Tensor]:
    """The state dict inside what a training program saved."""
    if isinstance(loaded, dict):
        for key in WRAPPERS:
            if isinstance(loaded.get(key), dict):
                return _unwrap(loaded[key])
    if not isinstance(loaded, dict) or not loaded:
        raise ValueError(f"the file must hold a state dict, got {type(loaded).__name__}")
    named = {str(k).removeprefix("module."): v for k, v in loaded.items()}
    strange = [k for k, v in named.items() if not isinstance(v, Tensor)]
    if strange:
        raise ValueError(f"a state dict must hold tensors only, got others at {shorten(strange)}")
    tensors = cast("dict[str, Tensor]", named)
    hollow = [k for k, v in tensors.items() if not _is_stored(v)]
    if hollow:
        raise ValueError(f"tensors must be stored in full, got others at {shorten(hollow)}")
    return tensors


def _is_stored(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are all in the file: dense, and not one number repeated."""
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def save(
    model: HAT,
    path: str | os.PathLike,
    *,
    layout: Literal["hatsr", "official"] = "hatsr",
    dtype: torch.dtype = torch.float32,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write weights so that `read` gives them back; whole or not at all.

    Args:
        model: the network.
        path: ``.safetensors``, or for the official layout also ``.pth`` (under ``params_ema``).
        layout: our names with the config as metadata, or the official ones.
        dtype: of the stored numbers; float16 halves the file.
        metadata: text to store beside (safetensors only).

    Raises:
        ValueError: the ending does not go with the layout.
    """
    path = Path(path)
    kinds = {"hatsr": (".safetensors",), "official": (".safetensors", ".pth")}[layout]
    if path.suffix not in kinds:
        raise ValueError(
            f"a checkpoint in the {layout} layout must end in {' or '.join(kinds)}, got {path.name}"
        )
    named = model.state_dict() if layout == "hatsr" else to_official(model)
    tensors = {
        k: (v.to(dtype) if v.is_floating_point() else v)
        .cpu()
        .clone(memory_format=torch.contiguous_format)
        for k, v in named.items()
    }
    text = dict(metadata or {})
    if layout == "hatsr":
        text |= {"format": "hatsr", "config": json.dumps(asdict(model.config))}
    with replacing(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode  # safetensors would leave a file for its owner only
        if path.suffix == ".pth":
            torch.save({"params_ema": tensors}, partial)
        else:
            save_file(tensors, partial, metadata=text)
        partial.chmod(mode)
