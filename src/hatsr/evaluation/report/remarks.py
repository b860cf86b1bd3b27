"""What is to be said of results beside their numbers."""

from collections.abc import Sequence
from statistics import fmean

from hatsr.evaluation.candidates import BICUBIC
from hatsr.evaluation.paper.published import BAND, PublishedRow, judge, published_rows, row_of
from hatsr.evaluation.results import BenchmarkResult
from hatsr.evaluation.statistics import Comparison


def reference(model: str, scale: int, against: str = "") -> PublishedRow | None:
    """The published row that a model must meet.

    Args:
        model: its name tells an official checkpoint.
        scale: of the model.
        against: a label of Table 6 such as HAT-L†, instead; HAT-L+ may be typed for the dagger.

    Raises:
        ValueError: there is no such row at this scale.
    """
    if not against:
        return row_of(model, scale)
    wanted = against.replace("+", "†")
    for row in published_rows(scale):
        if row.label == wanted:
            return row
    labels = ", ".join(row.label for row in published_rows(scale)) or "none"
    raise ValueError(f"published row must be one of {labels} at x{scale}, got {against!r}")


def verdicts(result: BenchmarkResult, row: PublishedRow | None) -> list[str]:
    """Whether each whole set lies within the band of a published row.

    Bicubic's row was measured by MATLAB programs, which judge a gray picture by its own code.
    """
    if row is None:
        return []
    psnr = result.means("psnr")
    by_code = row.method == BICUBIC and not result.rules.gray_as_is
    for each in result.sets if by_code else ():
        if each.name in psnr and any(score.gray for score in each.scores):
            psnr[each.name] = fmean(s.psnr_rgb if s.gray else s.psnr for s in each.scores)
    said = judge(row, psnr)
    if by_code and psnr != result.means("psnr"):
        said.append("(here gray pictures are judged by their own code, as for the published row)")
    return said or [f"{row.label}: no whole set to hold against its published ±{BAND} dB band"]


def remarks(
    results: Sequence[BenchmarkResult], comparisons: Sequence[Comparison] = ()
) -> list[str]:
    """What a reader must know, each once: gaps, failures, gray pictures, models not compared.

    Args:
        results: of one model, or of a baseline and others.
        comparisons: of the others with the baseline.
    """
    said: list[str] = []
    for result in results:
        whose = f"{result.model}, " if len(results) > 1 else ""
        said += [f"{name}: {why}" for name, why in result.skipped.items()]
        for each in result.sets:
            said += each.remarks
            failed = each.failures.items()
            said += [f"{whose}{each.name}: {name} failed, {why}" for name, why in failed]
            said += each.gray(result.rules)
    said += [
        f"{each.model} is not held against {each.baseline}: no picture has a finite PSNR by both"
        for each in comparisons
        if not each.differences
    ]
    return list(dict.fromkeys(said))
