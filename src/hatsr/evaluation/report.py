"""One self-contained HTML page about two or more models on the same pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from hatsr.evaluation import charts
from hatsr.evaluation.compare import Difference, differences
from hatsr.evaluation.crops import Place, brightest, choose, error_levels, heat
from hatsr.evaluation.gallery import Gallery
from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.outputs import remarks
from hatsr.evaluation.scores import Result, Score
from hatsr.evaluation.sources import Bicubic
from hatsr.evaluation.tables import comparison, details, figure
from hatsr.image import encode, from_array
from hatsr.resize import imresize

GAINS, LOSSES = 5, 2
"""Crops shown where B is better and where it is worse."""

_THUMBNAIL = 420
"""Longer side of the whole picture beside its crops, pixels."""

Codes = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One crop of a strip."""

    label: str
    psnr: str
    ssim: str
    image: str
    """Data address."""
    error: str = ""
    """Data address of the error map; empty for HR."""
    best: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """A place of a picture as every model made it."""

    place: Place
    height: int
    """Of the whole picture, HR pixels."""
    width: int
    whole: str
    """Data address of the whole picture, smaller."""
    panels: tuple[Panel, ...]
    brightest: float
    """Error that is drawn brightest, 8-bit levels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Duel:
    """A model against the baseline."""

    model: str
    found: tuple[Difference, ...]
    forest: charts.Forest
    scatter: charts.Scatter | None

    @property
    def overall(self) -> Difference:
        """Over all pictures."""
        return self.found[-1]


def render(results: Sequence[Result], gallery: Gallery) -> str:
    """The page; the first result is the baseline.

    Args:
        results: at least two, over the same sets and scale.
        gallery: the pictures behind them.

    Raises:
        ValueError: fewer than two results.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    if len(results) < 2:
        raise ValueError(f"a report must compare at least 2 models, got {len(results)}")
    loader = PackageLoader("hatsr.evaluation", "data")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters["figure"] = figure
    found = {each.model: differences(results[0], each) for each in results[1:]}
    compared = [results[0], *(each for each in results[1:] if found[each.model])]
    duels = [_duel(results[0], each, found[each.model]) for each in compared[1:]]
    champion = max(duels, key=lambda duel: duel.overall.mean, default=None)
    places = _places(compared, champion, gallery) if champion else []
    return environment.get_template("report.html.j2").render(
        results=results,
        duels=duels,
        champion=champion,
        strips=[_strip(place, compared, gallery) for place in places],
        comparison=comparison(results),
        details=[details(each) for each in results],
        remarks=remarks(*results),
        by_picture=_by_picture(results),
    )


def _by_picture(results: Sequence[Result]) -> dict[tuple[str, str], dict[str, Score]]:
    """Scores by model, by set and picture."""
    table: dict[tuple[str, str], dict[str, Score]] = {}
    for result in results:
        for score in result.scores:
            table.setdefault((score.data, score.picture), {})[result.model] = score
    return table


def _duel(baseline: Result, result: Result, found: Sequence[Difference]) -> Duel:
    return Duel(
        model=result.model,
        found=tuple(found),
        forest=charts.forest(found, width=300.0, margin=14.0),
        scatter=charts.scatter(baseline, result, width=480.0, height=320.0, margin=58.0),
    )


def _places(results: Sequence[Result], champion: Duel, gallery: Gallery) -> list[Place]:
    shared = set.intersection(*({(s.data, s.picture) for s in each.scores} for each in results))
    tests = gallery.tests(results[0].model, champion.model, sorted(shared))
    return choose(tests, results[0].rules.scale, GAINS, LOSSES)


def _strip(place: Place, results: Sequence[Result], gallery: Gallery) -> Strip:
    pair = gallery.pair(place.data, place.picture)
    made: dict[str, Codes] = {}
    if all(each.model != "bicubic" for each in results):
        made["bicubic"] = Bicubic(gallery.rules.scale).enlarge(place.data, pair)
    for each in results:
        made[each.model] = gallery.sr(each.model, place.data, place.picture)
    hr = place.cut(pair.hr)
    crops = {label: place.cut(sr) for label, sr in made.items()}
    errors = {label: error_levels(crop, hr) for label, crop in crops.items()}
    top = brightest(list(errors.values()))
    values = {label: psnr(crop, hr) for label, crop in crops.items()}
    panels = [Panel(label="HR", psnr="PSNR", ssim="SSIM", image=_png(hr))]
    for label, crop in crops.items():
        panels.append(
            Panel(
                label=label,
                psnr=f"{values[label]:.2f}",
                ssim=figure(ssim(crop, hr) if place.side >= 11 else None, 4),
                image=_png(crop),
                error=_png(heat(errors[label], top)),
                best=values[label] == max(values.values()),
            )
        )
    height, width = pair.hr.shape[:2]
    return Strip(
        place=place,
        height=height,
        width=width,
        whole=_thumbnail(pair.hr),
        panels=tuple(panels),
        brightest=top,
    )


def _png(codes: Codes) -> str:
    return "data:image/png;base64," + b64encode(encode(from_array(codes), "png")).decode()


def _thumbnail(codes: Codes) -> str:
    height, width = codes.shape[:2]
    shrink = min(1.0, _THUMBNAIL / max(height, width))
    small = imresize(codes, size=(max(1, round(height * shrink)), max(1, round(width * shrink))))
    data = encode(from_array(small), "jpeg", quality=82)
    return "data:image/jpeg;base64," + b64encode(data).decode()
