"""Results as tables, and tables as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isinf

from hatsr.evaluation.published import SETS, Row, rows, table
from hatsr.evaluation.scores import FIGURES, Result, SetResult

DAGGER = "† pre-trained on ImageNet."
STAR = "* not over the whole set: not comparable."


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Text in rows and columns."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ours: frozenset[int] = frozenset()
    """Rows that were measured here, among published ones."""
    notes: tuple[str, ...] = ()


def figure(value: float | None, digits: int) -> str:
    """A number for a table; a dash where there is none."""
    if value is None:
        return "-"
    return "∞" if isinf(value) else f"{value:.{digits}f}"


def published(scale: int, names: Sequence[str]) -> Table:
    """Bicubic and Table 6 at a scale, over the named sets; no rows where none of them is in it."""
    shown = [row for row in rows(scale) if any(name in SETS for name in names)]
    return Table(
        title=f"x{scale}, PSNR in dB and SSIM on Y",
        header=(
            "Method",
            "Training",
            *(f"{name} {metric}" for name in names for metric in ("PSNR", "SSIM")),
        ),
        rows=tuple((row.label, row.training or "-", *_pairs(names, row)) for row in shown),
        notes=(DAGGER,) if shown else (),
    )


def smaller(number: int) -> Table:
    """Table 1 to 5 or 7 to 11 of the paper."""
    found = table(number)
    lines = (tuple(str(cell) for cell in line) for line in found.rows)
    title = f"Table {number}. {found.caption}"
    return Table(title=title, header=found.columns, rows=tuple(lines))


def comparison(results: Sequence[Result]) -> Table:
    """Measured rows beneath the published rows of the same scale, over the measured sets."""
    others = published(results[0].rules.scale, [each.name for each in results[0].sets])
    measured = [line for result in results for line in _measured(result)]
    starred = any("*" in cell for line in measured for cell in line)
    return replace(
        others,
        rows=(*others.rows, *measured),
        ours=frozenset(range(len(others.rows), len(others.rows) + len(measured))),
        notes=(*others.notes, STAR) if starred else others.notes,
    )


def _measured(result: Result) -> list[tuple[str, ...]]:
    """The row of a model, and that of its self-ensemble."""
    lines = [_line(result, f"{result.model} (measured)", "")]
    if result.rules.ensemble and any(each.mean("ensemble_psnr") for each in result.sets):
        lines.append(_line(result, f"{result.model}+ (measured)", "ensemble_"))
    return lines


def _line(result: Result, label: str, kind: str) -> tuple[str, ...]:
    cells = []
    for each in result.sets:
        star = "" if each.comparable else "*"
        for metric, digits in (("psnr", 2), ("ssim", 4)):
            cells.append(figure(each.mean(kind + metric), digits) + star)
    return (label, "-", *cells)


def _pairs(names: Sequence[str], row: Row) -> list[str]:
    values = [(row.psnr.get(name), row.ssim.get(name)) for name in names]
    return [cell for psnr, ssim in values for cell in (figure(psnr, 2), figure(ssim, 4))]


def details(result: Result) -> Table:
    """Everything that was measured of a model, a row for each set."""
    extra = result.rules.perceptual
    header = ["Set", "Pictures", "PSNR", "SSIM", "PSNR RGB", "SSIM RGB", "Seconds", "Peak MB"]
    if result.rules.ensemble:
        header[4:4] = ["PSNR+", "SSIM+"]
    return Table(
        title=f"{result.model} x{result.rules.scale}",
        header=(*header, *(name.upper() for name in extra)),
        rows=tuple(_detail(each, result) for each in result.sets),
    )


def _detail(each: SetResult, result: Result) -> tuple[str, ...]:
    columns = [("psnr", 2), ("ssim", 4), ("psnr_rgb", 2), ("ssim_rgb", 4), ("seconds", 3)]
    if result.rules.ensemble:
        columns[2:2] = [("ensemble_psnr", 2), ("ensemble_ssim", 4)]
    peak = each.peak()
    return (
        each.name,
        str(len(each.scores)) + ("" if each.comparable else "*"),
        *(figure(each.mean(name), digits) for name, digits in columns),
        figure(None if peak is None else peak / 1e6, 0),
        *(figure(each.mean(name), 4) for name in result.rules.perceptual),
    )


def pictures(result: Result) -> Table:
    """Every picture's figures in full precision, failures with their reason."""
    extra = result.rules.perceptual
    lines = []
    for each in result.sets:
        for score in each.scores:
            values = [getattr(score, name) for name in (*FIGURES, "peak_bytes")]
            values += [score.perceptual.get(name) for name in extra]
            cells = ("" if value is None else repr(value) for value in values)
            lines.append((each.name, score.picture, *cells, ""))
        blank = ("",) * (len(FIGURES) + 1 + len(extra))
        lines += [(each.name, name, *blank, why) for name, why in each.failures.items()]
    return Table(
        title=f"{result.model} x{result.rules.scale}",
        header=("set", "picture", *FIGURES, "peak_bytes", *extra, "failure"),
        rows=tuple(lines),
    )


def as_csv(table: Table) -> str:
    """Header and rows, comma-separated."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows(table.rows)
    return text.getvalue()


def as_markdown(table: Table) -> str:
    """A table of GitHub's Markdown, measured rows in bold."""

    def line(cells: Sequence[str], bold: bool = False) -> str:
        escaped = (cell.replace("|", "\\|").replace("*", "\\*") for cell in cells)
        return "| " + " | ".join(f"**{c}**" if bold else c for c in escaped) + " |"

    rule = "|---" + "|---:" * (len(table.header) - 1) + "|"
    body = [line(cells, index in table.ours) for index, cells in enumerate(table.rows)]
    notes = [note.replace("*", "\\*") for note in table.notes]
    return (
        "\n\n".join([f"**{table.title}**", "\n".join([line(table.header), rule, *body]), *notes])
        + "\n"
    )


_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "†": r"$\dagger$"}
    | {"∞": r"$\infty$", "±": r"$\pm$", "~": r"\~{}", "^": r"\^{}", "{": r"\{", "}": r"\}"}
)


def as_latex(table: Table) -> str:
    """A `tabular` with booktabs rules, measured rows in bold."""

    def line(cells: Sequence[str], bold: bool = False) -> str:
        escaped = (cell.translate(_LATEX) for cell in cells)
        return "  " + " & ".join(rf"\textbf{{{c}}}" if bold else c for c in escaped) + r" \\"

    body = [line(cells, index in table.ours) for index, cells in enumerate(table.rows)]
    if table.ours and min(table.ours):
        body.insert(min(table.ours), r"  \midrule")
    return "\n".join(
        [
            f"% {table.title}; needs \\usepackage{{booktabs}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
            r"  \toprule",
            line(table.header),
            r"  \midrule",
            *body,
            r"  \bottomrule",
            r"\end{tabular}",
            *(f"% {note}" for note in table.notes),
            "",
        ]
    )
