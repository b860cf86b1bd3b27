"""What makes SR pictures: a network, bicubic enlargement, or a folder of any program's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hatsr.evaluation.benchmark_pairs import BenchmarkPair, PictureFolder, read_codes
from hatsr.image import Codes, from_tensor, to_codes
from hatsr.resize import imresize

if TYPE_CHECKING:
    from torch import Tensor

BICUBIC = "bicubic"
"""The baseline that needs no weights."""


@runtime_checkable
class TensorUpscaler(Protocol):
    """A loaded network."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def scale(self) -> int:
        """SR pixels for each LR pixel, along a side."""
        ...

    def upscale_tensor(self, lr: Tensor, /) -> Tensor:
        """Raw SR, 1 3 H W, of one picture 1 3 h w; both nominally in [0, 1]."""
        ...


@runtime_checkable
class Candidate(Protocol):
    """Whatever makes SR pictures to be judged."""

    name: str
    scale: int
    timed: bool
    """Whether seconds and memory mean anything."""
    weights: str
    """Digest of a network's weights; empty where SR is had again at no cost."""

    def upscale(self, pair: BenchmarkPair) -> Codes:
        """The SR picture of a test."""
        ...

    def ensemble(self, pair: BenchmarkPair) -> Codes | None:
        """The same by self-ensemble; None where there is no such thing."""
        ...


class BicubicCandidate:
    """MATLAB's bicubic enlargement of the LR: the baseline of the field."""

    timed, weights = True, ""

    def __init__(self, scale: int, name: str = BICUBIC) -> None:
        self.name, self.scale = name, scale

    def upscale(self, pair: BenchmarkPair) -> Codes:
        """Enlarge in 8 bit, rounded after each pass."""
        return imresize(pair.lr, self.scale)

    def ensemble(self, pair: BenchmarkPair) -> Codes:
        """The result of `upscale`, which flips do not change, and turns only in what it rounds."""
        return self.upscale(pair)


class FolderCandidate:
    """A folder of SR pictures that any program made; one subfolder a set, or all in one."""

    timed, weights = False, ""

    def __init__(self, folder: Path, scale: int, name: str = "") -> None:
        self.name, self.scale = name or folder.resolve().name, scale
        self.folder = folder
        self._listed: dict[str, PictureFolder] = {}

    def upscale(self, pair: BenchmarkPair) -> Codes:
        """Read the picture of that name."""
        if pair.data not in self._listed:
            own = self.folder / pair.data
            self._listed[pair.data] = PictureFolder(own if own.is_dir() else self.folder)
        found = self._listed[pair.data].find(pair.name, pair.file, others=pair.others)
        return read_codes(found)[0]

    def ensemble(self, pair: BenchmarkPair) -> None:
        """Only the program that made the pictures could."""


class NetworkCandidate:
    """A network's output, clamped to [0, 1], times 255 and rounded."""

    timed = True

    def __init__(self, model: TensorUpscaler, weights: str = "") -> None:
        self.name, self.scale, self.weights = model.name, model.scale, weights
        self.model = model

    def upscale(self, pair: BenchmarkPair) -> Codes:
        """Run the network once."""
        return _codes(self.model.upscale_tensor(_tensor(pair.lr)))

    def ensemble(self, pair: BenchmarkPair) -> Codes:
        """Run it on all 8 flips and turns and round the mean."""
        from hatsr.inference.ensemble import self_ensemble

        return _codes(self_ensemble(self.model.upscale_tensor, _tensor(pair.lr)))


def _tensor(lr: Codes) -> Tensor:
    import torch

    return torch.from_numpy(lr).permute(2, 0, 1)[None].float() / 255


def _codes(sr: Tensor) -> Codes:
    if not sr.isfinite().all():
        raise ValueError("SR must be finite, got NaN or infinity; run the model in fp32")
    return to_codes(from_tensor(sr))
