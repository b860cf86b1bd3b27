"""Training samples: patches of LR and HR, cut, flipped and turned by seed and sample number."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from hatsr.data.degrade import Degradation, degrade_patch, sample_key
from hatsr.data.pairs import UNREADABLE, Pair, PairStore
from hatsr.data.pictures import at_least, downsample_float
from hatsr.data.random import Draws, draw, picture_of
from hatsr.data.sources import DataError
from hatsr.image import modcrop

VARIANTS = 8
"""Flips and right-angle rotations of a picture."""
_PER_TASK = 16
"""Draws reserved for one task's crop and its candidates."""
_TRIES = 8  # pictures in a row that may be unreadable


@dataclass(frozen=True, slots=True)
class Task:
    """What a network is asked to undo."""

    scale: int
    """Enlargement factor."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise added to LR, in levels of 255."""

    def __post_init__(self) -> None:
        if self.scale < 1:
            raise ValueError(f"scale must be at least 1, got {self.scale}")
        if not self.noise >= 0:
            raise ValueError(f"noise must be at least 0, got {self.noise}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sample, as the network sees it."""

    number: int
    """Number of the sample, counted from 0 over the whole run."""
    picture: int
    """Number of the picture that it was cut from."""
    lr: tuple[Tensor, ...]
    """LR patch for each task, 3 h w: 8 bit, or float in [0, 1] if made from the crop."""
    hr: tuple[Tensor, ...]
    """HR patch for each task, 8 bit, 3 sr_h sr_w."""


@dataclass(frozen=True)
class Patches(Dataset):
    """Samples by number and patch side. The same for every worker, process and resume."""

    pairs: PairStore
    """The pictures that samples are cut from."""
    tasks: tuple[Task, ...]
    """One patch pair is cut for each task, all from one picture."""
    seed: int
    """Seed of the run: with the sample's number it decides everything that is drawn."""
    augment: bool = True
    """Random flips and right-angle rotations."""
    candidates: int = 1
    """Crops to look at for each sample; the one with most detail is used."""
    degradation: Degradation | None = None
    """How LR patches are degraded, each by its sample's own key; None for not at all."""

    @property
    def from_crops(self) -> bool:
        """Whether LR is made from HR crops, in float (ImageNet), not from whole pictures."""
        return not self.pairs.scales

    def __getitem__(self, address: tuple[int, int]) -> Sample:
        """The sample of a number, with LR patches of a side."""
        number, side = address
        picture, pair = self._picture(number)
        patches = [self._cut(pair, number, side, place) for place in range(len(self.tasks))]
        return Sample(
            number,
            picture,
            tuple(_channels_first(lr) for lr, _ in patches),
            tuple(_channels_first(hr) for _, hr in patches),
        )

    def _picture(self, number: int) -> tuple[int, Pair]:
        """The sample's picture; if its file has become unreadable, the next that is not."""
        length = len(self.pairs)
        first = picture_of(self.seed, number, length)
        reasons = []
        for picture in ((first + i) % length for i in range(min(length, _TRIES))):
            try:
                return picture, self.pairs.get(picture)
            except UNREADABLE as error:
                reasons.append(f"{self.pairs.name(picture)}: {error}")
        raise DataError(
            f"sample {number} must have a usable picture, got none in a row of {len(reasons)}, "
            f"first {reasons[0]}; run `hatsr data check`"
        )

    def _cut(self, pair: Pair, number: int, side: int, place: int) -> tuple[np.ndarray, np.ndarray]:
        task = self.tasks[place]
        draws = draw(self.seed, number * len(self.tasks) + place, _PER_TASK)
        variant = draws.below(0, VARIANTS) if self.augment else 0
        if self.from_crops:
            hr = self._crop_hr(at_least(pair.hr, side * task.scale), side * task.scale, draws)
            lr = downsample_float(hr, task.scale)
        else:
            lr, hr, at = self._crop_both(pair, task.scale, side, draws)
            if self.degradation:
                key = sample_key(self.seed, number * len(self.tasks) + place)
                whole = pair.lr[task.scale], modcrop(pair.hr, task.scale)
                lr, hr = degrade_patch(whole, at, side, self.degradation, key)
        if task.noise:
            lr = _noisy(lr, task.noise, draws)
        return dihedral(lr, variant), dihedral(hr, variant)

    def _crop_hr(self, hr: np.ndarray, side: int, draws: Draws) -> np.ndarray:
        crops = []
        for i in range(self.candidates):
            top = draws.below(1 + 2 * i, hr.shape[0] - side + 1)
            left = draws.below(2 + 2 * i, hr.shape[1] - side + 1)
            crops.append(hr[top : top + side, left : left + side])
        return max(crops, key=detail) if len(crops) > 1 else crops[0]

    def _crop_both(
        self, pair: Pair, scale: int, side: int, draws: Draws
    ) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
        """LR, HR, and where LR was cut."""
        full, best = pair.lr[scale], -1.0
        lr, at = full, (0, 0)
        for i in range(self.candidates):
            top = draws.below(1 + 2 * i, full.shape[0] - side + 1)
            left = draws.below(2 + 2 * i, full.shape[1] - side + 1)
            crop = full[top : top + side, left : left + side]
            score = detail(crop) if self.candidates > 1 else 0.0
            if score > best:
                best, lr, at = score, crop, (top, left)
        rows, cols = (slice(start * scale, (start + side) * scale) for start in at)
        return lr, pair.hr[rows, cols], at


def detail(crop: UInt8[np.ndarray, "h w 3"]) -> float:
    """Mean absolute difference of green neighbours along height and width."""
    green = crop[:, :, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def dihedral(picture: np.ndarray, variant: int) -> np.ndarray:
    """One of the eight symmetries of a square, as a view of an h w c array.

    Bit 0 mirrors left and right, bit 1 top and bottom, bit 2 swaps height and width; their
    products are the flips and the rotations by 90, 180 and 270 degrees.
    """
    if variant & 1:
        picture = picture[:, ::-1]
    if variant & 2:
        picture = picture[::-1]
    return picture.swapaxes(0, 1) if variant & 4 else picture


def _noisy(lr: np.ndarray, sigma: float, draws: Draws) -> np.ndarray:
    """LR in [0, 1] with Gaussian noise; the sample's last draw is its seed."""
    clean = lr.astype(np.float32) / 255 if lr.dtype == np.uint8 else lr
    rng = np.random.Generator(np.random.Philox(key=draws.words[-1]))
    return clean + rng.standard_normal(lr.shape, dtype=np.float32) * np.float32(sigma / 255)


def _channels_first(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples stacked, one tensor for each task."""

    numbers: list[int]
    """Numbers of the samples, in order."""
    pictures: list[int]
    """Number of each sample's picture."""
    lr: list[Tensor]
    """LR for each task, b 3 h w, 8 bit or float in [0, 1]."""
    hr: list[Tensor]
    """HR for each task, b 3 scale*h scale*w, 8 bit."""

    def pin_memory(self) -> "Batch":
        """The same where a GPU reads it by itself; the loader asks for it by this name."""
        lr, hr = ([patches.pin_memory() for patches in task] for task in (self.lr, self.hr))
        return Batch(self.numbers, self.pictures, lr, hr)


def stack(samples: list[Sample]) -> Batch:
    """The batch of some samples, in their order."""
    return Batch(
        [sample.number for sample in samples],
        [sample.picture for sample in samples],
        [torch.stack(patches) for patches in zip(*(sample.lr for sample in samples), strict=True)],
        [torch.stack(patches) for patches in zip(*(sample.hr for sample in samples), strict=True)],
    )


def to_unit(patches: Tensor) -> Float[Tensor, "b 3 h w"]:
    """8-bit patches as float32 in [0, 1]; float ones unchanged."""
    return patches.float().div_(255) if patches.dtype == torch.uint8 else patches
