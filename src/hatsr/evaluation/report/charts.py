"""Coordinates of the report's charts; the template draws them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from hatsr.evaluation.results import BenchmarkResult
from hatsr.evaluation.statistics import Difference


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from values to drawing units."""

    low: float
    high: float
    start: float
    """Coordinate at which `low` is drawn."""
    end: float
    step: float
    """Distance of two ticks, in values."""

    def at(self, value: float) -> float:
        """Coordinate at which a value is drawn."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Place and label of each tick."""
        digits = max(0, -floor(log10(self.step)))
        count = round((self.high - self.low) / self.step)
        values = [self.low + k * self.step for k in range(count + 1)]
        return [(self.at(value), f"{value + 0.0:.{digits}f}") for value in values]


def axis(values: Sequence[float], start: float, end: float, ticks: int = 5) -> Axis:
    """An axis that holds all values and begins and ends at round ones."""
    low, high = min(values), max(values)
    span = (high - low) or max(abs(high), 1.0) * 0.2
    rough = span / ticks
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return Axis(first * step, max(last, first + 1) * step, start, end, step)


@dataclass(frozen=True, slots=True)
class Point:
    """A picture in the scatter."""

    x: float
    y: float
    group: int
    """Index of the set in the legend."""
    title: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Gain of B over the PSNR of A, a point for each picture."""

    x: Axis
    y: Axis
    points: list[Point]
    groups: list[str]


def scatter(
    a: BenchmarkResult, b: BenchmarkResult, width: float, height: float, margin: float
) -> Scatter | None:
    """The chart of two results; None when they share no picture."""
    before = {(score.data, score.picture): score.psnr for score in a.scores}
    pairs = [
        (score, before[score.data, score.picture])
        for score in b.scores
        if (score.data, score.picture) in before
    ]
    pairs = [(score, psnr) for score, psnr in pairs if isfinite(score.psnr) and isfinite(psnr)]
    if not pairs:
        return None
    groups = [each.name for each in b.sets]
    x = axis([psnr for _, psnr in pairs], margin, width - 12.0)
    y = axis([0.0, *(score.psnr - psnr for score, psnr in pairs)], height - margin, 10.0)
    points = [
        Point(
            x.at(psnr),
            y.at(score.psnr - psnr),
            groups.index(score.data),
            f"{score.data} {score.picture}: {psnr:.2f} dB → {score.psnr:.2f} dB "
            f"({score.psnr - psnr:+.2f})",
        )
        for score, psnr in pairs
    ]
    return Scatter(x, y, points, groups)


@dataclass(frozen=True, slots=True)
class Whisker:
    """Mean and confidence interval of a set."""

    low: float
    mean: float
    high: float
    difference: Difference


@dataclass(frozen=True, slots=True)
class Forest:
    """Mean differences by set on one axis."""

    x: Axis
    zero: float
    whiskers: list[Whisker]


def forest(found: Sequence[Difference], width: float, margin: float) -> Forest:
    """The chart of the differences between two models."""
    ends = [0.0, *(end for each in found for end in (each.low, each.high))]
    x = axis(ends, margin, width - margin, ticks=4)
    whiskers = [Whisker(x.at(d.low), x.at(d.mean), x.at(d.high), d) for d in found]
    return Forest(x, x.at(0.0), whiskers)
