"""What is studied: networks by name or file, and pictures as LR with or without their HR."""

import hashlib
import importlib
import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from PIL import Image
from torch import Tensor, nn

from hatsr import checkpoint
from hatsr.attribution.running import SRFunction, run
from hatsr.image import Picture, read, to_codes, to_tensor
from hatsr.inference.settings import check_device
from hatsr.model import NetworkConfig, as_network, changed

_PROBE = 16
"""Side of the picture that shows a foreign network's scale, LR pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudiedNetwork:
    """A network under study."""

    name: str
    """Short, for tables and figures."""
    function: SRFunction
    """The network itself, from LR to SR."""
    scale: int
    """SR pixels for each LR pixel."""
    device: str
    """The device on which it runs."""
    digest: str
    """Tells weights apart: start of the file's SHA-256, or the source where there is no file."""


def load_network(
    source: str, device: str = "cpu", overrides: Mapping[str, object] | None = None
) -> StudiedNetwork:
    """Find a network.

    Args:
        source: a shipped name, a file, a folder or hf:// address (as everywhere);
            ``random:PRESET`` for a preset with random weights (`random_network`); or
            ``python:MODULE:FUNCTION``, a function without arguments that returns any
            differentiable callable from LR to SR.
        device: where it runs.
        overrides: hyper-parameters that its file does not show, see `hatsr.checkpoint.read`, or
            that differ from the preset's.

    Raises:
        ValueError: nothing answers to the source, the network is not for RGB or has no such
            hyper-parameter, or the device is not there.
    """
    check_device(device)
    kind, _, rest = source.partition(":")
    if kind == "python":
        if overrides:
            raise ValueError(
                f"overrides (--set) must go with a file or random:PRESET, got {source}"
            )
        return _foreign(rest, device)
    if kind == "random":
        model = random_network(changed(checkpoint.preset(rest), overrides or {}))
        name, digest = f"{rest} (random)", source
    else:
        path = checkpoint.resolve(source)
        model = checkpoint.read(path, overrides).model()
        name, digest = checkpoint.called(path), file_digest(path)
    network = as_network(model)
    if network.channels != 3:
        raise ValueError(f"LAM must be given a network for RGB pictures, got {source} for gray")
    return StudiedNetwork(
        name=name,
        function=model.to(device),
        scale=network.scale,
        device=device,
        digest=digest,
    )


def load_networks(
    sources: Sequence[str], device: str = "cpu", overrides: Mapping[str, object] | None = None
) -> list[StudiedNetwork]:
    """The networks to compare.

    Raises:
        ValueError: one does not exist, their scales differ, or there are overrides for several.
    """
    if overrides and len(sources) > 1:
        raise ValueError(
            f"overrides (--set) must go with one model, got {len(sources)}; hatsr convert --set "
            "writes a file that has them"
        )
    networks = [load_network(source, device, overrides) for source in sources]
    if len({network.scale for network in networks}) > 1:
        named = ", ".join(f"{network.name} x{network.scale}" for network in networks)
        raise ValueError(f"networks to compare must have one scale, got {named}")
    return networks


def random_network(config: NetworkConfig, seed: int = 0) -> Any:
    """A network with random weights that shows what its architecture can reach.

    Linear layers have variance 1 / inputs; the 0.02 that training starts from leaves attention
    almost without effect.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = checkpoint.make_network(config)
        for module in model.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5)
    return model.eval()


def _foreign(source: str, device: str) -> StudiedNetwork:
    """A network that a function of the user's returns."""
    module, _, function = source.partition(":")
    rule = (
        "a foreign network must be given as python:MODULE:FUNCTION with a function without "
        f"arguments that returns it, got {source!r}"
    )
    try:
        make = getattr(importlib.import_module(module), function)
        inspect.signature(make).bind()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{rule} ({error}); is its folder on PYTHONPATH?") from error
    network = cast("SRFunction", make())
    if not callable(network):
        raise ValueError(f"{rule}, which returns {type(network).__name__}")
    if isinstance(network, nn.Module):
        network = network.to(device)
    with torch.no_grad():
        sr = run(network, torch.zeros(1, 3, _PROBE, _PROBE, device=device))
    return StudiedNetwork(
        name=function,
        function=network,
        scale=sr.shape[-1] // _PROBE,
        device=device,
        digest=f"python:{source}",
    )


def file_digest(path: str | os.PathLike[str]) -> str:
    """The first 12 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True, slots=True)
class StudiedPicture:
    """A picture under study."""

    name: str
    """Short, for tables and figures."""
    lr: Float[Tensor, "1 3 h w"]
    """What the networks get, in [0, 1]."""
    hr: Float[ndarray, "hr_h hr_w 3"] | None
    """The true picture in [0, 1], if it is known."""


def load_picture(
    path: str | os.PathLike[str], scale: int, *, is_lr: bool = False
) -> StudiedPicture:
    """Read a picture: the HR one, which is made small here, or the LR one itself."""
    picture, name = read(path), Path(path).name
    if is_lr:
        return StudiedPicture(name=name, lr=to_tensor(picture), hr=None)
    return picture_of_hr(picture, scale, name)


def picture_of_hr(picture: Picture, scale: int, name: str = "") -> StudiedPicture:
    """Crop HR to a multiple of the scale; LR is Pillow's bicubic of its 8 bits, as LAM has it.

    Raises:
        ValueError: the picture is smaller than the scale.
    """
    h, w = picture.height // scale, picture.width // scale
    if min(h, w) < 1:
        raise ValueError(
            f"HR must be at least {scale} x {scale} at scale {scale}, got "
            f"{picture.height} x {picture.width}; is it the LR picture?"
        )
    hr = np.ascontiguousarray(picture.rgb[: h * scale, : w * scale])
    codes = Image.fromarray(to_codes(hr))
    lr = np.asarray(codes.resize((w, h), Image.Resampling.BICUBIC), dtype=np.float32) / 255
    return StudiedPicture(name=name, lr=torch.from_numpy(lr.transpose(2, 0, 1)[None].copy()), hr=hr)
