"""The places where two models differ most, cut out as in Figure 8 of the paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from hatsr.evaluation.benchmark_pairs import BenchmarkPair
from hatsr.evaluation.candidates import BICUBIC
from hatsr.image import Codes, luma, to_codes
from hatsr.resize import imresize

_LR_SIDE = 24
"""Side of a crop, LR pixels."""
GAINS, LOSSES = 5, 2
"""Crops shown where a model is better than the baseline and where it is worse."""
_THUMBNAIL = 420
"""Longer side of the whole picture beside its crops, pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """A square of a picture, in HR pixels."""

    data: str
    picture: str
    top: int
    left: int
    side: int
    gain: float
    """Mean squared error on Y that B has less than A here; negative where it has more."""

    def cut(self, picture: Codes) -> UInt8[np.ndarray, "side side 3"]:
        """The square out of a picture."""
        rows = slice(self.top, self.top + self.side)
        return np.ascontiguousarray(picture[rows, self.left : self.left + self.side])


@dataclass(frozen=True, kw_only=True, slots=True)
class CropStrip:
    """A crop of HR and of what every model made of it."""

    crop: Crop
    height: int
    """Height of the whole picture, HR pixels."""
    width: int
    whole: Codes
    """The whole HR picture, made small."""
    hr: UInt8[np.ndarray, "side side 3"]
    made: Mapping[str, UInt8[np.ndarray, "side side 3"]]
    """By model, the baseline first; bicubic enlargement is always among them."""


def squared_error(sr: Codes, hr: Codes) -> Float[np.ndarray, "h w"]:
    """Squared error of each pixel on Y, in squared 8-bit levels."""
    return (luma(sr) - luma(hr)) ** 2


def extremes(
    pair: BenchmarkPair, advantage: Float[np.ndarray, "h w"], scale: int
) -> tuple[Crop, Crop]:
    """Where B gains most on A, and where it loses most; the protocol's border is left out.

    Args:
        pair: the picture.
        advantage: squared error of A minus that of B.
        scale: of the pair.
    """
    side = min(_LR_SIDE * scale, *(length - 2 * scale for length in pair.hr.shape[:2]))
    means = _box_means(advantage[scale:-scale, scale:-scale], side)

    def crop(at: int) -> Crop:
        top, left = np.unravel_index(at, means.shape)
        return Crop(
            data=pair.data,
            picture=pair.name,
            top=int(top) + scale,
            left=int(left) + scale,
            side=side,
            gain=float(means[top, left]),
        )

    return crop(int(means.argmax())), crop(int(means.argmin()))


def _box_means(values: Float[np.ndarray, "h w"], side: int) -> Float[np.ndarray, "box_h box_w"]:
    """Mean over every square of that side, by running sums."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    boxes = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return boxes / side**2


class CropCollector:
    """The largest gains and losses on the baseline, cut out as the pictures pass by.

    Of each model only the crops that may be shown are held, at most one gain and one loss of a
    picture. Pictures smaller than three LR pixels and the border have no place for a crop.
    """

    def __init__(self, baseline: str, scale: int) -> None:
        self.baseline, self.scale = baseline, scale
        self._gains: dict[str, list[CropStrip]] = {}
        self._losses: dict[str, list[CropStrip]] = {}

    def add(self, pair: BenchmarkPair, made: Mapping[str, Codes]) -> None:
        """Look at what each model made of a pair."""
        if self.baseline not in made or min(pair.hr.shape[:2]) <= 4 * self.scale:
            return
        before = squared_error(made[self.baseline], pair.hr)
        for model in (name for name in made if name != self.baseline):
            advantage = before - squared_error(made[model], pair.hr)
            gain, loss = extremes(pair, advantage, self.scale)
            if gain.gain > 0:
                self._hold(self._gains.setdefault(model, []), GAINS, gain, pair, made)
            if loss.gain < 0:
                self._hold(self._losses.setdefault(model, []), LOSSES, loss, pair, made)

    def strips(self, model: str) -> list[CropStrip]:
        """The largest gains of a model, then its largest losses."""
        return [*self._gains.get(model, []), *self._losses.get(model, [])]

    def _hold(
        self,
        held: list[CropStrip],
        most: int,
        crop: Crop,
        pair: BenchmarkPair,
        made: Mapping[str, Codes],
    ) -> None:
        """Put a crop among those that are held, largest first, if it is one of the largest."""
        if len(held) == most and abs(held[-1].crop.gain) >= abs(crop.gain):
            return
        held.append(_strip(crop, pair, made, self.scale))
        held.sort(key=lambda strip: -abs(strip.crop.gain))
        del held[most:]


def _strip(crop: Crop, pair: BenchmarkPair, made: Mapping[str, Codes], scale: int) -> CropStrip:
    height, width = pair.hr.shape[:2]
    shrink = min(1.0, _THUMBNAIL / max(height, width))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    bicubic = {} if BICUBIC in made else {BICUBIC: imresize(pair.lr, scale)}
    return CropStrip(
        crop=crop,
        height=height,
        width=width,
        whole=imresize(pair.hr, size=size),
        hr=crop.cut(pair.hr),
        made={model: crop.cut(sr) for model, sr in (bicubic | dict(made)).items()},
    )


_HEAT = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]) / 255
"""Colours in [0, 1] from no error to the largest, evenly spaced."""


def error_levels(sr: Codes, hr: Codes) -> Float[np.ndarray, "h w"]:
    """Absolute error on Y, in 8-bit levels."""
    return np.abs(luma(sr) - luma(hr))


def heat(levels: Float[np.ndarray, "h w"], most: float) -> Codes:
    """An error map in colour; `most` levels and above are the brightest."""
    at = np.clip(levels / max(most, 1e-9), 0, 1) * (len(_HEAT) - 1)
    steps = np.arange(len(_HEAT))
    return to_codes(np.stack([np.interp(at, steps, band) for band in _HEAT.T], -1))


def brightest(maps: Sequence[Float[np.ndarray, "h w"]]) -> float:
    """One scale for error maps that stand side by side: what 99 % of their pixels stay below."""
    return float(np.quantile(np.stack(maps), 0.99)) or 1.0
