"""Whether the paper's order comes out, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import floor, sqrt

import numpy as np
from jaxtyping import Float

from hatsr.evaluation import student_probability, student_quantile
from hatsr.lab.study import Subject

METHOD = (
    "Each difference is taken for the same seed on the same picture. Its 95 % interval is "
    "Student's, for other seeds and other pictures of the kind, which are crossed: the variance of "
    "the mean is that of the seeds' means over their number plus that of the pictures' means over "
    "theirs (a little too large, so that the interval is on the safe side), the degrees of freedom "
    "are Satterthwaite's. An order is sure where the interval leaves out 0; the confidence is that "
    "at which it would just touch 0. Each order is looked at by itself: of many, one in twenty "
    "would seem sure by chance."
)
"""How `gap_of` judges, in words for a report."""
CONFIDENCE = 0.95
"""How often an interval holds the true mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedDifference:
    """The mean of paired differences over seeds and pictures."""

    mean: float
    low: float
    """Lower end of the interval of the mean; the mean itself where nothing varies."""
    high: float
    confidence: float
    """At which the interval would just touch 0, in [0, 1]."""
    seeds: int
    pictures: int

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def gap_of(gaps: Float[np.ndarray, "seeds pictures"]) -> SeedDifference:
    """What differences say of other seeds and pictures; see `METHOD`.

    With one seed the interval speaks of pictures alone, with one picture of seeds alone.

    Raises:
        ValueError: there is a single difference, or none.
    """
    seeds, pictures = gaps.shape
    if gaps.size < 2:
        raise ValueError(f"a gap must be of at least two differences, got {gaps.size}")
    mean = float(gaps.mean())
    parts = [
        (float(gaps.mean(axis=1 - axis).var(ddof=1)) / count, count - 1)
        for axis, count in enumerate((seeds, pictures))
        if count > 1
    ]
    total = sum(variance for variance, _ in parts)
    reach, confidence = 0.0, float(mean != 0)
    if total > 0:
        freedom = total**2 / sum(variance**2 / each for variance, each in parts)
        freedom = max(1, floor(freedom + 1e-9))
        reach = student_quantile((1 + CONFIDENCE) / 2, freedom) * sqrt(total)
        confidence = 2 * student_probability(abs(mean) / sqrt(total), freedom) - 1
    return SeedDifference(
        mean=mean,
        low=mean - reach,
        high=mean + reach,
        confidence=confidence,
        seeds=seeds,
        pictures=pictures,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedOrder:
    """One is more than another, says the paper."""

    more: Subject
    less: Subject
    difference: float | None = None
    """By how much, where the paper has numbers."""

    def words(self) -> str:
        """The order as a formula."""
        return f"{_words(self.more)} > {_words(self.less)}"


def _words(subject: Subject) -> str:
    return subject if isinstance(subject, str) else f"({subject[0]}) - ({subject[1]})"


def published_orders(values: Mapping[str, float]) -> list[PublishedOrder]:
    """Every two rows with different values, the larger one first.

    Args:
        values: what the paper says of each row.
    """
    found: list[PublishedOrder] = []
    for one, other in combinations(values, 2):
        less, more = sorted((one, other), key=lambda name: values[name])
        if values[more] > values[less]:
            by = round(values[more] - values[less], 6)
            found.append(PublishedOrder(more=more, less=less, difference=by))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFinding:
    """Whether an order that the paper states came out here, and how sure that is."""

    order: PublishedOrder
    gap: SeedDifference | None
    """None: the rows share too few seeds and pictures so far."""

    @property
    def agrees(self) -> bool | None:
        """Whether the order is the paper's; None: nothing is known, or no difference at all."""
        return None if self.gap is None or self.gap.mean == 0 else self.gap.mean > 0

    @property
    def verdict(self) -> str:
        """As in the paper, the other way round, no difference or not measured; and how sure."""
        if self.gap is None:
            return "not measured"
        if self.agrees is None:
            return "no difference"
        order = "as in the paper" if self.agrees else "the other way round"
        sure = "sure" if self.gap.is_sure else "but not sure"
        return f"{order}, {sure}" + (", of one seed alone" if self.gap.seeds == 1 else "")


def find_order(
    order: PublishedOrder, values: Mapping[str, Mapping[int, Mapping[str, float]]]
) -> OrderFinding:
    """Hold an order against what was measured.

    Args:
        order: the paper's.
        values: of each row by seed and picture.
    """
    sides = [(each,) if isinstance(each, str) else each for each in (order.more, order.less)]
    rows = [values.get(name, {}) for side in sides for name in side]
    seeds = sorted(set.intersection(*(set(row) for row in rows)))
    shared = [set(row[seed]) for row in rows for seed in seeds]
    pictures = sorted(set.intersection(*shared)) if shared else []
    if len(seeds) * len(pictures) < 2:
        return OrderFinding(order=order, gap=None)
    more, less = (
        sum(
            sign * np.array([[values[name][s][p] for p in pictures] for s in seeds])
            for name, sign in zip(side, (1, -1), strict=False)
        )
        for side in sides
    )
    return OrderFinding(order=order, gap=gap_of(np.asarray(more) - np.asarray(less)))


def overall(findings: list[OrderFinding], measure: str) -> str:
    """How many orders agree and how many of those are sure, in one or two sentences."""
    known = [each for each in findings if each.gap is not None]
    if not known:
        return "Nothing can be said of the order yet."
    if len(findings) == 1:
        return f"By {measure}, the order came out: {known[0].verdict}."
    sides = [[each for each in known if each.agrees is way] for way in (True, False)]
    agreeing, against = (len(side) for side in sides)
    sure = [sum(bool(each.gap and each.gap.is_sure) for each in side) for side in sides]
    missing = len(findings) - len(known)
    alone = all(each.gap and each.gap.seeds == 1 for each in known)
    return (
        f"By {measure}, {agreeing} of {len(known)} orders came out as in the paper ({sure[0]} of "
        f"these surely), {against} the other way round ({sure[1]} surely)."
        + (f" {missing} more cannot be told yet." if missing else "")
        + (" Nothing is known of other seeds: there is one alone." if alone else "")
    )
