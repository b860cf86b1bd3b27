"""Whether one model is better than another, or whether the difference is noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import atan, cos, isfinite, pi, sin, sqrt

import numpy as np

from hatsr.evaluation.results import BenchmarkResult

ALL = "all pictures"
"""Name of the row over all sets together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """B minus A over the same pictures."""

    data: str
    """Name of the set, or `ALL`."""
    n: int
    """Number of pictures."""
    mean: float
    low: float
    """Lower end of the confidence interval of the mean."""
    high: float
    wins: int
    """Pictures on which B is better."""

    @property
    def verdict(self) -> str:
        """Noise when the interval holds 0."""
        if self.n < 2:
            return "too few pictures"
        if self.low <= 0 <= self.high and (self.low or self.high):
            return "noise"
        return "equal" if self.mean == 0 else "better" if self.mean > 0 else "worse"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A model against the baseline."""

    baseline: str
    model: str
    differences: tuple[Difference, ...]
    """By set, and over all pictures where there are several; none without a shared picture."""

    @property
    def overall(self) -> Difference:
        """The difference over all pictures."""
        return self.differences[-1]


def compare_results(
    results: Sequence[BenchmarkResult], figure: str = "psnr"
) -> tuple[Comparison, ...]:
    """Each result against the first one.

    Args:
        results: the first is the baseline.
        figure: field of `Score`.
    """
    first, *others = results
    return tuple(
        Comparison(
            baseline=first.model,
            model=each.model,
            differences=tuple(differences(first, each, figure)),
        )
        for each in others
    )


def differences(
    a: BenchmarkResult, b: BenchmarkResult, figure: str = "psnr", confidence: float = 0.95
) -> list[Difference]:
    """Paired differences by set, and over all pictures where there are several sets.

    The interval is Student's for the mean over pictures, which are taken as a sample of the
    pictures one might have tested with. A picture that only one model has, or on which a figure is
    infinite, does not count; without one that counts there are no differences.

    Args:
        a: the baseline.
        b: the model that is held against it.
        figure: field of `Score`.
        confidence: how often such an interval holds the true mean, in (0, 1).
    """
    pairs = _paired(a, b, figure)
    found = [_difference(name, gaps, confidence) for name, gaps in pairs.items()]
    if len(found) > 1:
        everything = [gap for gaps in pairs.values() for gap in gaps]
        found.append(_difference(ALL, everything, confidence))
    return found


def _paired(a: BenchmarkResult, b: BenchmarkResult, figure: str) -> Mapping[str, list[float]]:
    """Values of B minus those of A, by set."""
    baseline = {(s.data, s.picture, s.hr): getattr(s, figure) for s in a.scores}
    pairs: dict[str, list[float]] = {}
    for score in b.scores:
        before = baseline.get((score.data, score.picture, score.hr))
        after = getattr(score, figure)
        if before is not None and after is not None and isfinite(after - before):
            pairs.setdefault(score.data, []).append(after - before)
    return pairs


def _difference(data: str, gaps: Sequence[float], confidence: float) -> Difference:
    values, n = np.array(gaps), len(gaps)
    mean, reach = float(values.mean()), 0.0
    if n > 1:
        reach = student_quantile((1 + confidence) / 2, n - 1) * float(values.std(ddof=1)) / sqrt(n)
    wins = int((values > 0).sum())
    return Difference(data=data, n=n, mean=mean, low=mean - reach, high=mean + reach, wins=wins)


def student_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t stays below with this probability, by bisection.

    Args:
        probability: above 0.5 and below 1.
        freedom: degrees of freedom, at least 1.
    """
    if not (0.5 < probability < 1 and freedom >= 1):
        raise ValueError(
            f"probability must be in (0.5, 1) and freedom at least 1, got {probability}, {freedom}"
        )
    low, high = 0.0, 1.0
    while student_probability(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        below = student_probability(middle, freedom) < probability
        low, high = (middle, high) if below else (low, middle)
    return high


def student_probability(t: float, freedom: int) -> float:
    """The probability that Student's t stays below a value.

    By the finite series of Abramowitz and Stegun, 26.7.3-4.

    Args:
        t: the value, at least 0.
        freedom: degrees of freedom, at least 1.
    """
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return (1 + within) / 2
