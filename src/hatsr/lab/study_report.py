"""The report of a study: a page, Markdown with a picture, and JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hatsr.evaluation import Table, as_markdown
from hatsr.evaluation.report.tables import format_number
from hatsr.files import replacing
from hatsr.lab.agreement import METHOD, OrderFinding, overall
from hatsr.lab.study import Measure, Study, StudySize
from hatsr.lab.study_chart import draw
from hatsr.lab.study_rows import StudyRow, orders_of, spread

MEASURES: dict[Measure, tuple[str, int]] = {
    "psnr": ("PSNR, dB", 3),
    "ssim": ("SSIM", 4),
    "di": ("DI", 2),
    "blocking": ("blocking index", 3),
}
"""What measures are called in tables, and their digits after the point."""

_PICTURE = "report.svg"


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyReport:
    """What a study found so far."""

    study: Study
    size: str
    rows: tuple[StudyRow, ...]

    @property
    def orders(self) -> list[OrderFinding]:
        """Whether each order that the paper states came out here."""
        return orders_of(self.study, self.rows)

    @property
    def verdict(self) -> str:
        """Whether the paper's order comes out, in words."""
        name = MEASURES[self.study.measure][0].split(",")[0]
        return overall(self.orders, name)

    @property
    def tables(self) -> list[Table]:
        """What was measured beside the paper's values, what it costs, the orders one by one."""
        return [self._measured(), self._costs(), self._orders()]

    def _measured(self) -> Table:
        columns = list(dict.fromkeys(key for row in self.rows for key in row.paper))
        shown: list[Measure] = [
            each for each in MEASURES if any(row.values(each) for row in self.rows)
        ]
        return Table(
            title=f"Measured here on {', '.join(self._plan.evaluate.data)}: mean ± standard "
            "deviation over seeds",
            header=(
                "variant",
                "seeds",
                *(MEASURES[each][0] for each in shown),
                *(f"paper: {column}" for column in columns),
            ),
            rows=tuple(
                (
                    row.name,
                    str(len(row.by_seed)),
                    *(_with_spread(row.means(each), MEASURES[each][1]) for each in shown),
                    *(format(row.paper[key], "g") if key in row.paper else "-" for key in columns),
                )
                for row in self.rows
            ),
        )

    def _costs(self) -> Table:
        return Table(
            title="Cost: multiply-adds, seconds and memory of 64 x 64 LR pixels",
            header=(
                "variant",
                "parameters, M",
                "multiply-adds, G",
                "forward, s",
                "memory, MB",
                "steps",
                "training step, s",
            ),
            rows=tuple(
                (
                    row.name,
                    _scaled(row.number("parameters"), 1e6, 3),
                    _scaled(row.number("multiply_adds"), 1e9, 3),
                    _scaled(row.number("forward_seconds"), 1.0, 3),
                    _scaled(row.number("forward_bytes"), 1e6, 0),
                    _scaled(row.number("steps"), 1.0, 0),
                    _scaled(row.step_seconds(), 1.0, 3),
                )
                for row in self.rows
            ),
        )

    def _orders(self) -> Table:
        return Table(
            title=f"The paper's order, {self.study.source.place}",
            header=("order", "in the paper", "here", "95 % interval", "confidence", "verdict"),
            rows=tuple(_order_line(each, MEASURES[self.study.measure][1]) for each in self.orders),
        )

    @property
    def _plan(self) -> StudySize:
        return self.study.sizes[self.size]

    def document(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        return {
            "study": self.study.model_dump(mode="json"),
            "size": self.size,
            "verdict": self.verdict,
            "rows": [asdict(row) for row in self.rows],
            "orders": [
                {**asdict(each), "agrees": each.agrees, "verdict": each.verdict}
                for each in self.orders
            ],
            "method": METHOD,
        }

    def markdown(self) -> str:
        """The report as text, with its picture beside it."""
        study = self.study
        parts = [
            f"# {study.title}",
            f"{study.source.place} of the paper says: {study.source.says}",
            f"**{self.verdict}**",
            study.about.strip(),
            f"![curves and means]({_PICTURE})",
            *map(as_markdown, self.tables),
            f"How it was judged. {METHOD}",
            self.conditions,
            f"```sh\nhatsr lab {study.name} --size {self.size}\n```",
        ]
        return "\n\n".join(part.rstrip() for part in parts if part) + "\n"

    @property
    def conditions(self) -> str:
        """Seeds, budget and machines, in words."""
        budget = self._plan.budget
        lasting = f"{budget.steps:,} steps" if budget.steps else "steps as each recipe says"
        if budget.minutes is not None:
            lasting = f"{budget.minutes:g} minutes"
        machines = {
            f"{each['processor']} ({_counted(each['threads'], 'thread')}, PyTorch {each['torch']})"
            for row in self.rows
            for each in row.machines
        }
        seeds = self.study.seeds
        return (
            f"Seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}, size {self.size}, "
            f"{lasting} a run. "
            f"{'; '.join(sorted(machines))}"
        ).rstrip()

    def html(self) -> str:
        """The report as one page without outside files."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        loader = PackageLoader("hatsr.lab", ".")
        environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        return environment.get_template("study.html.j2").render(
            report=self, picture=self.picture(), method=METHOD
        )

    def picture(self) -> str:
        """Curves of training, and the means beside the paper's values, as SVG."""
        return draw(self.study, self.rows, MEASURES[self.study.measure][0])

    def write(self, folder: Path) -> None:
        """Write report.html, report.md, report.svg and report.json."""
        texts = {
            "report.html": self.html(),
            "report.md": self.markdown(),
            _PICTURE: self.picture(),
            "report.json": json.dumps(self.document(), indent=2) + "\n",
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with replacing(folder / name) as part:
                part.write_text(text, encoding="utf-8")


def _counted(count: object, noun: str) -> str:
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"


def _with_spread(means: list[float], digits: int) -> str:
    if not means:
        return "-"
    found = spread(means)
    mean = format_number(sum(means) / len(means), digits)
    return mean if found is None else f"{mean} ± {format_number(found, digits)}"


def _scaled(value: float | None, unit: float, digits: int) -> str:
    return format_number(None if value is None else value / unit, digits)


def _order_line(found: OrderFinding, digits: int) -> tuple[str, ...]:
    by = found.order.difference
    paper = "said" if by is None else f"+{by:g}"
    gap = found.gap
    if gap is None:
        return (found.order.words(), paper, "-", "-", "-", found.verdict)
    return (
        found.order.words(),
        paper,
        f"{gap.mean:+.{digits}f}",
        f"{gap.low:+.{digits}f} to {gap.high:+.{digits}f}",
        f"{100 * gap.confidence:.1f} %",
        found.verdict,
    )
