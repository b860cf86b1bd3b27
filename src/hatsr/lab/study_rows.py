"""What was measured of each variant after each of its stages, over all seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from hatsr.lab.agreement import (
    OrderFinding,
    PublishedOrder,
    find_order,
    published_orders,
)
from hatsr.lab.study import Measure, Study, Subject

CellResults = Mapping[tuple[str, int], dict[str, Any]]
"""The results of cells, as their files have them, by variant and seed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyRow:
    """A variant after one of its stages."""

    name: str
    """The variant's; with the stage where that is not its last one."""
    variant: str
    is_last: bool
    paper: Mapping[str, float]
    """The paper's values by column."""
    by_seed: Mapping[int, dict[str, Any]]
    """What was measured, by seed; empty so far as nothing was."""
    machines: tuple[Mapping[str, str], ...]
    """Machine and versions of each measurement."""

    def values(self, measure: Measure) -> dict[int, dict[str, float]]:
        """A measure by seed and picture."""
        return {seed: found[measure] for seed, found in self.by_seed.items() if measure in found}

    def means(self, measure: Measure) -> list[float]:
        """For each seed the mean over pictures."""
        return [fmean(each.values()) for each in self.values(measure).values() if each]

    def number(self, key: str) -> float | None:
        """Mean over seeds of a cost; None: not known."""
        known = [each[key] for each in self.by_seed.values() if each.get(key) is not None]
        return fmean(known) if known else None

    def step_seconds(self) -> float | None:
        """Seconds of a training step."""
        steps, seconds = self.number("steps"), self.number("training_seconds")
        return seconds / steps if steps and seconds else None


def spread(means: list[float]) -> float | None:
    """Standard deviation over seeds; None of a single one."""
    return stdev(means) if len(means) > 1 else None


def rows_of(study: Study, size: str, found: CellResults) -> tuple[StudyRow, ...]:
    """The rows of a study in its order, also those of which nothing is known yet."""
    rows: list[StudyRow] = []
    for variant in study.variants:
        stages = study.stages_of(variant, size)
        cells = {s: found[variant, s] for s in study.seeds if (variant, s) in found}
        for stage in stages:
            is_last = stage == stages[-1]
            rows.append(
                StudyRow(
                    name=variant if is_last else f"{variant}, after {stage}",
                    variant=variant,
                    is_last=is_last,
                    paper=study.published(variant, stage, is_last=is_last),
                    by_seed={seed: cell["stages"][stage] for seed, cell in cells.items()},
                    machines=tuple(cell["environment"] for cell in cells.values()),
                )
            )
    return tuple(rows)


def orders_of(study: Study, rows: tuple[StudyRow, ...]) -> list[OrderFinding]:
    """Every order that the paper's numbers or words state, held against what was measured.

    Raises:
        ValueError: a claim of the study names a row that is not there.
    """
    column = study.source.column
    listed = [row for row in rows if column in row.paper] if column else []
    numbers = {row.name: row.paper[column] for row in listed} if column else {}
    orders = published_orders(numbers)
    names = {row.name for row in rows}
    for claim in study.claims:
        for name in (*_names(claim.more), *_names(claim.less)):
            if name not in names:
                known = ", ".join(sorted(names))
                raise ValueError(f"claims of {study.name} must name rows ({known}), got {name}")
        orders.append(PublishedOrder(more=claim.more, less=claim.less))
    values = {row.name: row.values(study.measure) for row in rows}
    return [find_order(order, values) for order in orders]


def _names(subject: Subject) -> tuple[str, ...]:
    return (subject,) if isinstance(subject, str) else subject


def curve_of_variant(rows: tuple[StudyRow, ...], variant: str) -> list[tuple[float, float]]:
    """Step over all stages, and mean over seeds of the validation's PSNR in dB."""
    points: list[tuple[float, float]] = []
    before = 0.0
    for row in (row for row in rows if row.variant == variant and row.by_seed):
        curves = [found["curve"] for found in row.by_seed.values()]
        shared = set.intersection(*({step for step, _ in curve} for curve in curves))
        for step in sorted(shared):
            points.append((before + step, fmean(dict(map(tuple, c))[step] for c in curves)))
        before += max((found["steps"] for found in row.by_seed.values()), default=0)
    return points
