"""Checkpoint files: the network in one, read and written."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from hatsr.checkpoint.encoding import check_range, pth_bytes, safetensors_bytes, to_stored
from hatsr.checkpoint.layouts.hat import (
    deduce_config,
    from_official,
    is_official,
    to_official,
)
from hatsr.checkpoint.names import check_names, meta_state_dict, shorten
from hatsr.checkpoint.tensors import read_tensors
from hatsr.files import check_replaceable, replacing
from hatsr.model import HAT, HATConfig

Layout = Literal["hatsr", "official"]
_ENDINGS: dict[Layout, tuple[str, ...]] = {
    "hatsr": (".safetensors",),
    "official": (".safetensors", ".pth"),
}


class CheckpointError(ValueError):
    """A file that is not a usable checkpoint; the message says what does not fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """The contents of a checkpoint file."""

    config: HATConfig
    """The network."""
    tensors: dict[str, Tensor]
    """Weights under our names, float32."""
    layout: Layout
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
        tensors, metadata = read_tensors(path)
        tensors = {k: v.float() for k, v in tensors.items() if v.is_floating_point()}
        layout: Layout = "official" if is_official(tensors) else "hatsr"
        if layout == "official":
            config = deduce_config(tensors)
            tensors = from_official(config, tensors)
        else:
            config = _config_of(metadata, tensors)
            _check_fit(config, tensors)
        check_range(tensors)
        return Checkpoint(config=config, tensors=tensors, layout=layout, metadata=metadata)
    except (ValueError, RuntimeError, OverflowError) as error:  # of sizes that torch cannot have
        raise CheckpointError(f"{path}: {error}") from error


def _check_fit(config: HATConfig, tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless these are the network's tensors, under our names."""
    wanted = meta_state_dict(config, tensors)
    check_names(wanted, tensors)
    wrong = [k for k, v in tensors.items() if v.shape != wanted[k].shape]
    if wrong:
        raise ValueError(f"tensors must fit the file's config, got {shorten(wrong)}")


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


def save(
    model: HAT,
    path: str | os.PathLike,
    *,
    layout: Layout = "hatsr",
    dtype: torch.dtype = torch.float32,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write weights so that `read` gives them back; whole or not at all.

    Equal weights and text make equal bytes.

    Args:
        model: the network.
        path: ``.safetensors``, or for the official layout also ``.pth`` (under ``params_ema``).
        layout: our names with the config as metadata, or the official ones.
        dtype: of the stored numbers; float16 and bfloat16 halve the file.
        metadata: text to store beside.

    Raises:
        ValueError: the ending does not go with the layout, or a weight is infinite in `dtype`.
        OSError: the file cannot be written; one that was there is left as it was.
    """
    path = Path(path)
    check_target(path, layout)
    tensors = to_stored(model.state_dict() if layout == "hatsr" else to_official(model), dtype)
    text = dict(metadata or {})
    if layout == "hatsr":
        text |= {"format": "hatsr", "config": json.dumps(asdict(model.config))}
    encode = pth_bytes if path.suffix == ".pth" else safetensors_bytes
    data = encode(tensors, text)
    with replacing(path) as part:
        part.write_bytes(data)


def check_target(path: Path, layout: Layout) -> None:
    """Refuse a file that `save` could not write, before the work for it is done.

    Raises:
        ValueError: the ending does not go with the layout.
        OSError: as `hatsr.files.check_replaceable`.
    """
    kinds = _ENDINGS[layout]
    if path.suffix not in kinds:
        raise ValueError(
            f"a checkpoint in the {layout} layout must end in {' or '.join(kinds)}, got {path.name}"
        )
    check_replaceable(path)
