"""What is to be said of results beside their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from hatsr.evaluation.compare import Comparison
from hatsr.evaluation.published import BAND, Row, judge, row_of, rows
from hatsr.evaluation.scores import Result
from hatsr.evaluation.sources import BICUBIC
from hatsr.evaluation.tables import Table


def reference(model: str, scale: int, against: str = "") -> Row | None:
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
    for row in rows(scale):
        if row.label == wanted:
            return row
    labels = ", ".join(row.label for row in rows(scale)) or "none"
    raise ValueError(f"published row must be one of {labels} at x{scale}, got {against!r}")


def verdicts(result: Result, row: Row | None) -> list[str]:
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


def remarks(results: Sequence[Result], comparisons: Sequence[Comparison] = ()) -> list[str]:
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


def difference_table(found: Comparison, *, ensemble: bool = False) -> Table:
    """Differences between two models as `hatsr compare` prints them."""
    kind = "self-ensemble's PSNR" if ensemble else "PSNR"
    return Table(
        title=f"{found.model} minus {found.baseline}, {kind} in dB on Y",
        header=("Set", "Pictures", "Mean", "95 % interval", "Better on", "Verdict"),
        rows=tuple(
            (
                each.data,
                str(each.n),
                f"{each.mean:+.3f}",
                f"{each.low:+.3f} to {each.high:+.3f}" if each.n > 1 else "-",
                f"{each.wins} of {each.n}",
                each.verdict,
            )
            for each in found.differences
        ),
    )
