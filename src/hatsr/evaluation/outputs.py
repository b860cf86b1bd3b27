"""A result as files, and what is to be said of it beside published numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from hatsr.evaluation.compare import Difference, differences
from hatsr.evaluation.opening import BICUBIC
from hatsr.evaluation.published import BAND, Row, judge, row_of, rows
from hatsr.evaluation.scores import Result, as_json
from hatsr.evaluation.tables import (
    Table,
    as_csv,
    as_latex,
    as_markdown,
    comparison,
    details,
    pictures,
)
from hatsr.files import replacing


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


def remarks(first: Result, *others: Result) -> list[str]:
    """What a reader must know, each once: gaps, failures, gray pictures, models without a duel.

    Args:
        first: of a model, or of the baseline.
        others: of the models that are held against it.
    """
    said: list[str] = []
    for result in (first, *others):
        whose = f"{result.model}, " if others else ""
        said += [f"{name}: {why}" for name, why in result.skipped.items()]
        for each in result.sets:
            said += each.remarks
            failed = each.failures.items()
            said += [f"{whose}{each.name}: {name} failed, {why}" for name, why in failed]
            said += each.gray(result.rules)
    said += [
        f"{each.model} is not held against {first.model}: no picture has a finite PSNR by both"
        for each in others
        if not differences(first, each)
    ]
    return list(dict.fromkeys(said))


def document(result: Result, row: Row | None) -> dict[str, Any]:
    """Everything, for `--json` and the JSON file."""
    published = [
        {"label": each.label, "psnr": dict(each.psnr), "ssim": dict(each.ssim)}
        for each in rows(result.rules.scale)
    ]
    return {
        **as_json(result),
        "remarks": remarks(result),
        "reference": row.label if row else None,
        "verdicts": verdicts(result, row),
        "published": published,
    }


def write_files(result: Result, row: Row | None, folder: Path) -> None:
    """Write result.json, pictures.csv, table.md and table.tex."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = comparison([result]), details(result)
    texts = {
        "result.json": json.dumps(document(result, row), indent=2, allow_nan=False) + "\n",
        "pictures.csv": as_csv(pictures(result)),
        "table.md": "\n".join([*map(as_markdown, tables), *_listed(result, row)]),
        "table.tex": "\n".join(map(as_latex, tables)),
    }
    for name, text in texts.items():
        with replacing(folder / name) as part:
            part.write_text(text, "utf-8")


def _listed(result: Result, row: Row | None) -> Sequence[str]:
    return [f"- {line}" for line in (*verdicts(result, row), *remarks(result))] + [""]


def difference_table(
    found: Sequence[Difference], a: str, b: str, *, ensemble: bool = False
) -> Table:
    """Differences between two models as `hatsr compare` prints them."""
    kind = "self-ensemble's PSNR" if ensemble else "PSNR"
    return Table(
        title=f"{b} minus {a}, {kind} in dB on Y",
        header=("Set", "Pictures", "Mean", "95 % interval", "Better on", "Verdict"),
        rows=tuple(
            (
                each.data,
                str(each.n),
                f"{each.mean:+.3f}",
                f"{each.low:+.3f} to {each.high:+.3f}" if each.n > 1 else "-",
                f"{each.wins} of {each.n}",
                each.verdict,
            )
            for each in found
        ),
    )
