"""Whether an exported network can be written: asked first, without the packages it takes."""

from importlib.util import find_spec
from pathlib import Path

from hatsr.files import check_replaceable

_PACKAGES = {".onnx": ("onnx", "onnxruntime"), ".xml": ("onnx", "openvino")}
"""Endings of the files, and what writes and checks them."""
_EXTRAS = {".onnx": "export", ".xml": "export,openvino"}
"""What to install for each."""


def outputs(target: Path) -> tuple[Path, ...]:
    """The files that an export writes, the one to open last."""
    return (target.with_suffix(".bin"), target) if target.suffix == ".xml" else (target,)


def check_target(target: Path, half: bool = False) -> None:
    """Refuse a file that a network could not be written to.

    Args:
        target: where to.
        half: with weights in float16.

    Raises:
        ValueError: another ending or weights, no such folder, or packages are missing.
        OSError: a file cannot be put there.
    """
    if target.suffix not in _PACKAGES:
        rule = "must end in .onnx, or in .xml for OpenVINO"
        raise ValueError(f"an exported network {rule}, got {target.name}")
    if half and target.suffix != ".xml":
        raise ValueError(f"weights in float16 must go to OpenVINO (.xml), got {target.name}")
    if not target.absolute().parent.is_dir():
        raise ValueError(f"the network's folder must exist, got {target.parent}")
    for file in outputs(target):
        check_replaceable(file)
    missing = [name for name in _PACKAGES[target.suffix] if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"{target.suffix} files must be written by {' and '.join(_PACKAGES[target.suffix])}, "
            f"got an installation without {' and '.join(missing)}; "
            f"pip install 'hat-sr[{_EXTRAS[target.suffix]}]'"
        )
