"""The picture of a study: curves of training, and what came out beside the paper's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from hatsr.evaluation.report.charts import Axis, axis
from hatsr.lab.study import Study
from hatsr.lab.study_rows import StudyRow, curve_of_variant, spread

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7a4bd0", "#444444")
_WIDTH, _HEIGHT = 430.0, 300.0
"""Of each of the two panels, drawing units."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Validation of a variant over its training."""

    name: str
    colour: str
    points: str
    """Coordinates as SVG has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """What came out of a row, above the paper's value or its place in the study."""

    name: str
    colour: str
    x: float
    y: float
    top: float
    """Mean plus standard deviation over seeds."""
    bottom: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyPanel:
    """Axes, and what is drawn between them."""

    title: str
    below: str
    """What the axis along the bottom means."""
    x: Axis
    y: Axis


def draw(study: Study, rows: tuple[StudyRow, ...], measure: str) -> str:
    """The picture as SVG; a panel without anything to show is left out."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("hatsr.lab", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(study.variants)}
    return environment.get_template("study.svg.j2").render(
        title=study.title,
        width=_WIDTH,
        height=_HEIGHT,
        colours=colours,
        training=_training(rows, colours),
        means=_means(study, rows, measure, colours),
    )


def _axes(xs: Sequence[float], ys: Sequence[float]) -> tuple[Axis, Axis]:
    return axis(xs, 60.0, _WIDTH - 14.0), axis(ys, _HEIGHT - 46.0, 30.0)


def _training(
    rows: tuple[StudyRow, ...], colours: Mapping[str, str]
) -> tuple[StudyPanel, list[Curve]] | None:
    curves = {name: curve_of_variant(rows, name) for name in colours}
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return None
    x, y = _axes([step for step, _ in points], [psnr for _, psnr in points])
    title = "validation while training: PSNR, dB"
    drawn = [
        Curve(
            name=name,
            colour=colours[name],
            points=" ".join(f"{x.at(step)},{y.at(psnr)}" for step, psnr in curve),
        )
        for name, curve in curves.items()
        if curve
    ]
    return StudyPanel(title=title, below="steps", x=x, y=y), drawn


def _means(
    study: Study, rows: tuple[StudyRow, ...], measure: str, colours: Mapping[str, str]
) -> tuple[StudyPanel, list[Spot]] | None:
    found = {row.name: row.means(study.measure) for row in rows}
    column = study.source.column
    numbered = column is not None and all(column in row.paper for row in rows)
    shown = [row for row in rows if found[row.name]]
    if not shown:
        return None
    places = {
        row.name: float(row.paper[column or ""] if numbered else i)
        for i, row in enumerate(rows, 1)
        if row in shown
    }
    ends = {row.name: _ends(found[row.name]) for row in shown}
    x, y = _axes(list(places.values()), [end for pair in ends.values() for end in pair])
    x = x if numbered else Axis(1.0, max(2.0, float(len(rows))), x.start, x.end, 1.0)
    spots = [
        Spot(
            name=row.name,
            colour=colours[row.variant],
            x=x.at(places[row.name]),
            y=y.at(fmean(found[row.name])),
            bottom=y.at(ends[row.name][0]),
            top=y.at(ends[row.name][1]),
        )
        for row in shown
    ]
    below = f"the paper: {column}" if numbered else "variants in the order of the table"
    title = f"here: {measure}, over seeds"
    return StudyPanel(title=title, below=below, x=x, y=y), spots


def _ends(means: list[float]) -> tuple[float, float]:
    reach = spread(means) or 0.0
    return fmean(means) - reach, fmean(means) + reach
