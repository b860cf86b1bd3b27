"""What the package knows without PyTorch: the weights inside it, and the networks' names."""

import json
from dataclasses import dataclass
from importlib import resources
from math import prod
from pathlib import Path

DEFAULT_MODEL = "hat-t-x4"
NETWORK_NAMES = (
    *("hat", "hat-l", "hat-s", "hat-t", "swinir", "swinir-l1", "swinir-l2", "swinir-light"),
    *("srresnet", "srresnet-tiny", "edsr", "edsr-baseline", "edsr-tiny"),
    *("rcan", "rcan-it", "rcan-tiny", "rrdbnet", "rrdbnet-tiny", "san", "san-tiny"),
    *("han", "han-tiny", "nlsn", "nlsn-tiny", "edt-b", "edt-t", "edt-s", "edt-l", "edt-tiny"),
    *("ignn", "ignn-tiny", "ipt", "ipt-tiny"),
)
"""The keys of `hatsr.checkpoint.presets`, in its order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShippedWeights:
    """What the header of a shipped file says."""

    name: str
    scale: int
    """Enlargement factor."""
    parameters: int
    """Numbers that were learned."""
    bytes: int
    """Bytes of the file."""
    psnr_y: dict[str, float]
    """PSNR on Y in dB, by test set."""


def shipped() -> dict[str, Path]:
    """Weights inside the package, by name."""
    folder = Path(str(resources.files("hatsr"))) / "weights"
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def shipped_weights() -> list[ShippedWeights]:
    """What is known of the weights inside the package, by their headers alone."""
    return [_read_header(name, path) for name, path in shipped().items()]


def _read_header(name: str, path: Path) -> ShippedWeights:
    with path.open("rb") as file:  # not by the library: it would load NumPy
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    text = header.pop("__metadata__")
    return ShippedWeights(
        name=name,
        scale=json.loads(text["config"])["scale"],
        parameters=sum(prod(tensor["shape"]) for tensor in header.values()),
        bytes=path.stat().st_size,
        psnr_y=json.loads(text.get("psnr_y", "{}")),
    )


def default_model(scale: int | float | None) -> str:
    """The shipped model for a scale: its own, else the default, whose result is reduced."""
    name = f"hat-t-x{scale:g}" if scale else DEFAULT_MODEL
    return name if name in shipped() else DEFAULT_MODEL


def real_world_model(scale: int | float | None) -> str:
    """The shipped weights for degraded pictures at a scale, as `default_model`."""
    own, default = (_real(name) for name in (default_model(scale), DEFAULT_MODEL))
    return own if own in shipped() else default


def clean_and_real(model: str) -> tuple[str, str] | None:
    """The shipped weights for clean and for degraded pictures to which a name belongs, if any."""
    clean = model.replace("-real-", "-")
    pair = clean, _real(clean)
    return pair if all(name in shipped() for name in pair) else None


def _real(clean: str) -> str:
    return clean.replace("hat-t-", "hat-t-real-")
