"""A network to a file of another runtime: written whole, compared, then moved into place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from hatsr.checkpoint import check_range
from hatsr.export.model_writer import onnx_model
from hatsr.export.runtimes import run_exported, to_openvino
from hatsr.export.target import check_target, outputs
from hatsr.files import naming
from hatsr.model import HAT
from hatsr.version import __version__

_TOLERANCE = {False: 1e-4, True: 2e-2}
"""Largest difference from the network: with weights in float32, in float16."""
_SIZE = (5, 19)  # LR pixels of the comparison: odd, and across a window's border


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported file: its size, and its largest difference from the network."""

    size: int
    """Bytes of all files."""
    difference: float
    """Largest difference from the network's SR, over the larger of 1 and the largest value."""


def export(
    model: nn.Module, target: Path, metadata: Mapping[str, str] | None = None, *, half: bool = False
) -> Exported:
    """Write a network for ONNX Runtime or OpenVINO; whole and compared, or not at all.

    Args:
        model: a HAT, in evaluation mode.
        target: ``.onnx``, or ``.xml`` (with ``.bin`` beside it); replaced if it exists.
        metadata: text to store beside the configuration, the scale and the version of hatsr.
        half: store weights as float16 (OpenVINO only).

    Raises:
        ValueError: the network is no HAT or SwinIR, the target cannot be written, a weight is
            infinite in float16, or what was written differs from the network.
    """
    check_target(target, half)
    hat = as_exportable(model)
    if half:
        check_range(hat.state_dict(), torch.float16)
    built = onnx_model(hat, {**(metadata or {}), "hatsr": __version__})
    with (
        TemporaryDirectory(prefix=".", suffix=".part", dir=target.parent) as folder,
        naming(target, Path(folder)),
    ):
        part = Path(folder, target.name)
        onnx_file = part.with_suffix(".onnx")
        onnx_file.write_bytes(built.SerializeToString())
        if target.suffix == ".xml":
            text = {entry.key: entry.value for entry in built.metadata_props}
            to_openvino(onnx_file, part, text, half)
        difference = _difference(hat, part)
        if not difference <= _TOLERANCE[half]:
            raise ValueError(
                f"the exported network must agree within {_TOLERANCE[half]:g}, "
                f"got a difference of {difference:.1e}; nothing was written"
            )
        size = sum(file.stat().st_size for file in outputs(part))
        for file in outputs(part):
            file.replace(target.with_name(file.name))
    return Exported(size, difference)


def as_exportable(network: nn.Module) -> HAT:
    """A network whose graph can be written.

    Raises:
        ValueError: it is no HAT or SwinIR.
    """
    if not isinstance(network, HAT):
        raise ValueError(
            f"a network to export must be a HAT or SwinIR, got {type(network).__name__}; "
            "torch.onnx.export may serve"
        )
    return network


def _difference(model: HAT, path: Path) -> float:
    lr = torch.rand(1, model.config.channels, *_SIZE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        sr = model(lr.to(model.mean)).float().cpu().numpy()
    return float(np.abs(run_exported(path, lr.numpy()) - sr).max() / max(1.0, np.abs(sr).max()))
