"""Where SR pictures come from: a network, bicubic enlargement, or a folder of any program's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from hatsr.evaluation.pictures import Pair, find_picture, read_codes
from hatsr.resize import imresize

if TYPE_CHECKING:
    from torch import Tensor

Codes = UInt8[np.ndarray, "h w 3"]


@runtime_checkable
class Upscaler(Protocol):
    """A loaded network."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def scale(self) -> int:
        """SR pixels for each LR pixel, along a side."""
        ...

    def enlarge(self, lr: Tensor, /) -> Tensor:
        """Raw SR, 1 3 H W, of one picture 1 3 h w; both nominally in [0, 1]."""
        ...


@runtime_checkable
class Source(Protocol):
    """Whatever makes SR pictures to be judged."""

    name: str
    scale: int
    timed: bool
    """Whether seconds and memory mean anything."""

    def enlarge(self, data: str, pair: Pair) -> Codes:
        """The SR picture of a test of the set `data`."""
        ...

    def ensemble(self, data: str, pair: Pair) -> Codes | None:
        """The same by self-ensemble; None where there is no such thing."""
        ...


class Bicubic:
    """MATLAB's bicubic enlargement of the LR: the baseline of the field."""

    timed = True

    def __init__(self, scale: int) -> None:
        self.name, self.scale = "bicubic", scale

    def enlarge(self, data: str, pair: Pair) -> Codes:
        """Enlarge in 8 bit, rounded after each pass."""
        return imresize(pair.lr, self.scale)

    def ensemble(self, data: str, pair: Pair) -> Codes:
        """The same: bicubic enlargement commutes with flips and turns."""
        return self.enlarge(data, pair)


class Pictures:
    """A folder of SR pictures that any program made; one subfolder a set, or all in one."""

    timed = False

    def __init__(self, folder: Path, scale: int, name: str = "") -> None:
        self.name, self.scale = name or folder.resolve().name, scale
        self.folder = folder

    def enlarge(self, data: str, pair: Pair) -> Codes:
        """Read the picture of that name."""
        folder = self.folder / data if (self.folder / data).is_dir() else self.folder
        sr, _ = read_codes(find_picture(folder, pair.name, pair.file, others=pair.others))
        return sr

    def ensemble(self, data: str, pair: Pair) -> None:
        """Only the program that made the pictures could."""


class Network:
    """A network's output, clamped to [0, 1], times 255 and rounded."""

    timed = True

    def __init__(self, model: Upscaler) -> None:
        self.name, self.scale = model.name, model.scale
        self.model = model

    def enlarge(self, data: str, pair: Pair) -> Codes:
        """Run the network once."""
        return _codes(self.model.enlarge(_tensor(pair.lr)))

    def ensemble(self, data: str, pair: Pair) -> Codes:
        """Run it on all 8 flips and turns and round the mean."""
        from hatsr.inference.ensemble import self_ensemble

        return _codes(self_ensemble(self.model.enlarge, _tensor(pair.lr)))


def _tensor(lr: Codes) -> Tensor:
    import torch

    return torch.from_numpy(lr).permute(2, 0, 1)[None].float() / 255


def _codes(sr: Tensor) -> Codes:
    if not sr.isfinite().all():
        raise ValueError("SR must be finite, got NaN or infinity; run the model in fp32")
    codes = (sr[0].detach().float().clamp(0, 1) * 255).round().byte()
    return codes.permute(1, 2, 0).contiguous().cpu().numpy()
