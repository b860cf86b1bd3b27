"""One self-contained HTML page about two or more models on the same pictures."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.report import charts
from hatsr.evaluation.report.crops import (
    Crop,
    CropCollector,
    CropStrip,
    brightest,
    error_levels,
    heat,
)
from hatsr.evaluation.report.tables import beside_published, detail_table, format_number
from hatsr.evaluation.results import BenchmarkResult, Score
from hatsr.evaluation.statistics import Comparison, Difference
from hatsr.files import replacing
from hatsr.image import Codes, encode, from_array


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One crop of a strip, with its numbers."""

    label: str
    psnr: str
    ssim: str
    image: str
    """The crop as a data address."""
    error: str = ""
    """Data address of the error map; empty for HR."""
    best: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnStrip:
    """A crop as every model made it, ready for the page."""

    crop: Crop
    height: int
    """Height of the whole picture, HR pixels."""
    width: int
    whole: str
    """Data address of the whole picture, smaller."""
    panels: tuple[Panel, ...]
    brightest: float
    """Error that is drawn brightest, 8-bit levels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawnComparison:
    """A model against the baseline, ready for the page."""

    model: str
    overall: Difference
    forest: charts.Forest
    scatter: charts.Scatter | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a page about two or more models on the same pictures says."""

    results: tuple[BenchmarkResult, ...]
    """Results of all models; the first is the baseline."""
    comparisons: tuple[Comparison, ...]
    """PSNR of the others against it."""
    crops: CropCollector
    """Crops where the models differ most."""
    remarks: tuple[str, ...]

    def __post_init__(self) -> None:
        """A page is about a comparison."""
        if len(self.results) < 2:
            raise ValueError(f"a report must compare at least 2 models, got {len(self.results)}")

    def write(self, path: Path) -> None:
        """Write the page; it appears whole or not at all."""
        page = self.html()
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(page, "utf-8")

    def html(self) -> str:
        """The page as text."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        loader = PackageLoader("hatsr.evaluation.report", ".")
        environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        environment.filters["number"] = format_number
        drawn = [self._comparison(each) for each in self.comparisons if each.differences]
        best = max(drawn, key=lambda each: each.overall.mean, default=None)
        by_picture = self._by_picture()
        strips = self.crops.strips(best.model) if best else []
        return environment.get_template("report.html.j2").render(
            results=self.results,
            comparisons=drawn,
            best=best,
            strips=[_draw(s) for s in strips if (s.crop.data, s.crop.picture) in by_picture],
            beside_published=beside_published(self.results),
            details=[detail_table(each) for each in self.results],
            remarks=self.remarks,
            by_picture=by_picture,
        )

    def _by_picture(self) -> dict[tuple[str, str], dict[str, Score]]:
        """Scores by model, by set and picture."""
        table: dict[tuple[str, str], dict[str, Score]] = {}
        for result in self.results:
            for score in result.scores:
                table.setdefault((score.data, score.picture), {})[result.model] = score
        return table

    def _comparison(self, found: Comparison) -> DrawnComparison:
        result = next(each for each in self.results if each.model == found.model)
        return DrawnComparison(
            model=found.model,
            overall=found.overall,
            forest=charts.forest(found.differences, width=300.0, margin=14.0),
            scatter=charts.scatter(self.results[0], result, width=480.0, height=320.0, margin=58.0),
        )


def _draw(strip: CropStrip) -> DrawnStrip:
    hr = strip.hr
    errors = {label: error_levels(crop, hr) for label, crop in strip.made.items()}
    top = brightest(list(errors.values()))
    values = {label: psnr(crop, hr) for label, crop in strip.made.items()}
    panels = [Panel(label="HR", psnr="PSNR", ssim="SSIM", image=_address(hr, "png"))]
    for label, crop in strip.made.items():
        panels.append(
            Panel(
                label=label,
                psnr=f"{values[label]:.2f}",
                ssim=format_number(ssim(crop, hr) if strip.crop.side >= 11 else None, 4),
                image=_address(crop, "png"),
                error=_address(heat(errors[label], top), "png"),
                best=values[label] == max(values.values()),
            )
        )
    return DrawnStrip(
        crop=strip.crop,
        height=strip.height,
        width=strip.width,
        whole=_address(strip.whole, "jpeg", quality=82),
        panels=tuple(panels),
        brightest=top,
    )


def _address(codes: Codes, kind: str, quality: int | None = None) -> str:
    """The picture itself as a data address."""
    data = encode(from_array(codes), kind, quality=quality)
    return f"data:image/{kind};base64,{b64encode(data).decode()}"
