"""The places where two models differ most, cut out as in Figure 8 of the paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from hatsr.evaluation.metrics import luma

LR_SIDE = 24
"""Side of a crop, LR pixels."""

Codes = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
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
class Test:
    """A picture and what two models made of it."""

    data: str
    picture: str
    hr: Codes
    a: Codes
    b: Codes


def extremes(test: Test, scale: int) -> tuple[Place, Place]:
    """Where B gains most on A, and where it loses most; the protocol's border is left out."""
    side = min(LR_SIDE * scale, *(length - 2 * scale for length in test.hr.shape[:2]))
    hr = luma(test.hr)
    errors = (luma(test.a) - hr) ** 2 - (luma(test.b) - hr) ** 2
    means = _box_means(errors[scale:-scale, scale:-scale], side)

    def place(at: int) -> Place:
        top, left = np.unravel_index(at, means.shape)
        return Place(
            data=test.data,
            picture=test.picture,
            top=int(top) + scale,
            left=int(left) + scale,
            side=side,
            gain=float(means[top, left]),
        )

    return place(int(means.argmax())), place(int(means.argmin()))


def _box_means(values: Float[np.ndarray, "h w"], side: int) -> Float[np.ndarray, "p q"]:
    """Mean over every square of that side, by running sums."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    boxes = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return boxes / side**2


def choose(tests: Iterable[Test], scale: int, gains: int, losses: int) -> list[Place]:
    """The largest gains of B, then its largest losses, at most one of each to a picture.

    Pictures smaller than three LR pixels and the border have no place for a crop.
    """
    found = [extremes(test, scale) for test in tests if min(test.hr.shape[:2]) > 4 * scale]
    best = sorted((pair[0] for pair in found), key=lambda place: -place.gain)
    worst = sorted((pair[1] for pair in found), key=lambda place: place.gain)
    return [p for p in best if p.gain > 0][:gains] + [p for p in worst if p.gain < 0][:losses]


_HEAT = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], float)
"""Colours from no error to the largest, evenly spaced."""


def error_levels(sr: Codes, hr: Codes) -> Float[np.ndarray, "h w"]:
    """Absolute error on Y, in 8-bit levels."""
    return np.abs(luma(sr) - luma(hr))


def heat(levels: Float[np.ndarray, "h w"], most: float) -> Codes:
    """An error map in colour; `most` levels and above are the brightest."""
    at = np.clip(levels / max(most, 1e-9), 0, 1) * (len(_HEAT) - 1)
    steps = np.arange(len(_HEAT))
    return np.stack([np.interp(at, steps, band) for band in _HEAT.T], -1).round().astype(np.uint8)


def brightest(maps: Sequence[Float[np.ndarray, "h w"]]) -> float:
    """One scale for error maps that stand side by side: what 99 % of their pixels stay below."""
    return float(np.quantile(np.stack(maps), 0.99)) or 1.0
