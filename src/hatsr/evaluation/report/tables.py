"""Results as tables, and tables as CSV, Markdown and LaTeX."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isinf

from hatsr.evaluation.paper.published import SETS, PublishedRow, published_rows, smaller_table
from hatsr.evaluation.results import FIGURES, BenchmarkResult, SetResult
from hatsr.evaluation.statistics import Comparison

_DAGGER = "† pre-trained on ImageNet."
_STAR = "* not over the whole set: not comparable."


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Text in rows and columns."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ours: frozenset[int] = frozenset()
    """Rows that were measured here, among published ones."""
    notes: tuple[str, ...] = ()


def format_number(value: float | None, digits: int) -> str:
    """A number for a table; a dash where there is none."""
    if value is None:
        return "-"
    return "∞" if isinf(value) else f"{value:.{digits}f}"


def published_table(scale: int, names: Sequence[str]) -> Table:
    """Bicubic and Table 6 at a scale, over the named sets; no rows where none of them is in it."""
    shown = [row for row in published_rows(scale) if any(name in SETS for name in names)]
    return Table(
        title=f"x{scale}, PSNR in dB and SSIM on Y",
        header=(
            "Method",
            "Training",
            *(f"{name} {metric}" for name in names for metric in ("PSNR", "SSIM")),
        ),
        rows=tuple((row.label, row.training or "-", *_pairs(names, row)) for row in shown),
        notes=(_DAGGER,) if shown else (),
    )


def paper_table(number: int, scale: int = 4) -> Table:
    """A table of the paper, 1 to 11; Table 6 at one scale.

    Raises:
        ValueError: there is no such table.
    """
    if number == 6:
        return published_table(scale, SETS)
    found = smaller_table(number)
    lines = (tuple(str(cell) for cell in line) for line in found.rows)
    title = f"Table {number}. {found.caption}"
    return Table(title=title, header=found.columns, rows=tuple(lines))


def beside_published(results: Sequence[BenchmarkResult]) -> Table:
    """Measured rows beneath the published rows of the same scale, over the measured sets."""
    others = published_table(results[0].rules.scale, [each.name for each in results[0].sets])
    measured = [line for result in results for line in _measured(result)]
    starred = any("*" in cell for line in measured for cell in line)
    return replace(
        others,
        rows=(*others.rows, *measured),
        ours=frozenset(range(len(others.rows), len(others.rows) + len(measured))),
        notes=(*others.notes, _STAR) if starred else others.notes,
    )


def _measured(result: BenchmarkResult) -> list[tuple[str, ...]]:
    """The row of a model, and that of its self-ensemble."""
    lines = [_line(result, f"{result.model} (measured)", "")]
    if result.rules.ensemble and any(each.mean("ensemble_psnr") for each in result.sets):
        lines.append(_line(result, f"{result.model}+ (measured)", "ensemble_"))
    return lines


def _line(result: BenchmarkResult, label: str, kind: str) -> tuple[str, ...]:
    cells: list[str] = []
    for each in result.sets:
        star = "" if each.comparable else "*"
        for metric, digits in (("psnr", 2), ("ssim", 4)):
            cells.append(format_number(each.mean(kind + metric), digits) + star)
    return (label, "-", *cells)


def _pairs(names: Sequence[str], row: PublishedRow) -> list[str]:
    columns = [(row.psnr, 2), (row.ssim, 4)]
    return [format_number(of.get(name), digits) for name in names for of, digits in columns]


def detail_table(result: BenchmarkResult) -> Table:
    """Everything that was measured of a model, a row for each set."""
    plus = [("PSNR+", _mean("ensemble_psnr", 2)), ("SSIM+", _mean("ensemble_ssim", 4))]
    columns: list[tuple[str, Callable[[SetResult], str]]] = [
        ("Set", lambda each: each.name),
        ("Pictures", lambda each: f"{len(each.scores)}{'' if each.comparable else '*'}"),
        ("PSNR", _mean("psnr", 2)),
        ("SSIM", _mean("ssim", 4)),
        *(plus if result.rules.ensemble else []),
        ("PSNR RGB", _mean("psnr_rgb", 2)),
        ("SSIM RGB", _mean("ssim_rgb", 4)),
        ("Seconds", _mean("seconds", 3)),
        ("Peak MB", _peak_mb),
        *((name.upper(), _mean(name, 4)) for name in result.rules.perceptual),
    ]
    return Table(
        title=f"{result.model} x{result.rules.scale}",
        header=tuple(head for head, _ in columns),
        rows=tuple(tuple(cell(each) for _, cell in columns) for each in result.sets),
    )


def _mean(name: str, digits: int) -> Callable[[SetResult], str]:
    return lambda each: format_number(each.mean(name), digits)


def _peak_mb(each: SetResult) -> str:
    peak = each.peak()
    return format_number(None if peak is None else peak / 1e6, 0)


def picture_table(result: BenchmarkResult) -> Table:
    """Every picture's figures in full precision, failures with their reason."""
    extra = result.rules.perceptual
    lines: list[tuple[str, ...]] = []
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
