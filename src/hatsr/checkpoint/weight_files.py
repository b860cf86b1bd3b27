"""Checkpoint files: the network in one, read and written."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from hatsr.checkpoint.decoding import read_tensors
from hatsr.checkpoint.encoding import check_range, pth_bytes, safetensors_bytes, to_stored
from hatsr.checkpoint.names import check_names, shorten
from hatsr.checkpoint.network_kinds import (
    DEFAULT_KIND,
    KINDS,
    find_kind,
    kind_of,
    make_network,
    meta_state_dict,
    official_layout,
    to_official,
    unseen,
)
from hatsr.files import check_replaceable, replacing
from hatsr.model import NetworkConfig, WithTables, changed

Layout = Literal["hatsr", "official"]
_ENDINGS: dict[Layout, tuple[str, ...]] = {
    "hatsr": (".safetensors",),
    "official": (".safetensors", ".pth"),
}
_OWN_KEYS = ("format", "kind", "config", "assumed")
"""Of metadata: what `save` writes and `read` understands, beside free text."""


class CheckpointError(ValueError):
    """A file that is not a usable checkpoint; the message says what does not fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """The contents of a checkpoint file."""

    config: Any
    """The network: a `NetworkConfig`, of the class of its kind."""
    tensors: dict[str, Tensor]
    """Weights under our names, float32."""
    layout: Layout
    """Whose names the file uses."""
    metadata: dict[str, str]
    """Free text that the file carries (name, training, licence)."""
    assumed: tuple[str, ...] = ()
    """Fields of the configuration that nobody told and no tensor shows: they have the values of
    the official networks."""

    @property
    def kind(self) -> str:
        """What kind of network it is: a key of `KINDS`."""
        return kind_of(self.config)

    def model(self) -> Any:
        """The network with these weights, in evaluation mode, without needless copies."""
        with torch.device("meta"):
            model: nn.Module = make_network(self.config)
        model.load_state_dict(self.tensors, assign=True)
        if isinstance(model, WithTables):
            model.reset_tables()
        return model.eval()


def read(path: str | os.PathLike[str], overrides: Mapping[str, object] | None = None) -> Checkpoint:
    """Read an official file of a known kind of network, or one of ours; nothing in it is ever run.

    Args:
        path: a ``.pth`` (only tensors are unpickled) or ``.safetensors`` file; its format is told
            by the contents, not by the name.
        overrides: hyper-parameters that the network has otherwise than the file says, or than is
            assumed where the tensors do not show it (`Checkpoint.assumed`).

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is cut, hostile, no checkpoint, or does not fit together; or an
            override is no hyper-parameter, or of another type.
    """
    path, overrides = Path(path), overrides or {}
    try:
        tensors, metadata = read_tensors(path)
        tensors = {k: v.float() for k, v in tensors.items() if v.is_floating_point()}
        official = official_layout(tensors)
        stated = _is_stated(official is not None, metadata, tensors)
        found = official.deduce_config(tensors) if official and not stated else _config_of(metadata)
        config = changed(found, overrides)
        wanted = meta_state_dict(config, tensors)
        if official:
            tensors = official.from_official(config, wanted, tensors)
        else:
            _check_fit(wanted, tensors)
        check_range(tensors)
    except (ValueError, RuntimeError, OverflowError) as error:  # of sizes that torch cannot have
        raise CheckpointError(f"{path}: {error}") from error
    guessed = metadata.get("assumed", "").split() if stated else unseen(config)
    return Checkpoint(
        config=config,
        tensors=tensors,
        layout="official" if official else "hatsr",
        metadata={key: text for key, text in metadata.items() if key not in _OWN_KEYS},
        assumed=tuple(f for f in unseen(config) if f in guessed and f not in overrides),
    )


def _is_stated(official: bool, metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> bool:
    """Whether the file says its configuration, as all of ours do; others' must be deduced."""
    if official:
        return "config" in metadata and metadata.get("format") == "hatsr"
    if "config" not in metadata:
        raise ValueError(
            f"the file must hold a network of a known kind ({', '.join(KINDS)}), got tensors named "
            f"{shorten(sorted(tensors))}"
        )
    return True


def _check_fit(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless these are the network's tensors, under our names."""
    check_names(wanted, tensors)
    wrong = [k for k, v in tensors.items() if v.shape != wanted[k].shape]
    if wrong:
        raise ValueError(f"tensors must fit the file's config, got {shorten(wrong)}")


def _config_of(metadata: Mapping[str, str]) -> NetworkConfig:
    """The configuration that a file of ours states."""
    values: Any = json.loads(metadata["config"])
    base = find_kind(metadata.get("kind", DEFAULT_KIND)).config()
    known = {field.name for field in fields(base)}
    if not isinstance(values, dict) or set(values) - known:
        raise ValueError(
            f"the file's config must have only fields this version knows, got {values!r}; "
            "update hat-sr"
        )
    return changed(base, values)


def save(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    layout: Layout = "hatsr",
    dtype: torch.dtype = torch.float32,
    metadata: Mapping[str, str] | None = None,
    assumed: Sequence[str] = (),
) -> None:
    """Write weights so that `read` gives them back; whole or not at all.

    Equal weights and text make equal bytes.

    Args:
        model: the network; its `config` is of a known kind.
        path: ``.safetensors``, or for the official layout also ``.pth`` (under ``params_ema``).
        layout: our names or the official ones; the configuration stands beside either.
        dtype: of the stored numbers; float16 and bfloat16 halve the file.
        metadata: text to store beside.
        assumed: as in `Checkpoint`, to be said again when the file is read.

    Raises:
        ValueError: the ending does not go with the layout, a weight is infinite in `dtype`, the
            network is of no known kind, or its official layout is not known or cannot hold it.
        OSError: the file cannot be written; one that was there is left as it was.
    """
    path = Path(path)
    check_target(path, layout)
    config: Any = getattr(model, "config", None)
    kind = kind_of(config)
    named = model.state_dict() if layout == "hatsr" else to_official(model, kind)
    tensors = to_stored(named, dtype)
    text = {**(metadata or {}), "format": "hatsr", "config": json.dumps(asdict(config))}
    text |= {} if kind == DEFAULT_KIND else {"kind": kind}  # files of HAT are as they always were
    text |= {"assumed": " ".join(assumed)} if assumed else {}
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
