"""What an evaluation and a comparison return: results, what is to be said of them, and files."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hatsr.evaluation.paper.published import PublishedRow, published_rows
from hatsr.evaluation.report.html import Report
from hatsr.evaluation.report.tables import (
    Table,
    as_csv,
    as_latex,
    as_markdown,
    beside_published,
    detail_table,
    difference_table,
    picture_table,
)
from hatsr.evaluation.results import BenchmarkResult, as_json
from hatsr.evaluation.statistics import Comparison
from hatsr.files import replacing


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """A model measured on sets, beside what others published."""

    result: BenchmarkResult
    row: PublishedRow | None
    """The published row that the result is held against."""
    remarks: tuple[str, ...]
    """Remarks on how the numbers came about."""
    verdicts: tuple[str, ...]
    """Whether the means lie within the band of `row`."""
    absent: tuple[str, ...] = ()
    """Why a set was not measured."""
    folder: Path
    """Where its files are."""
    report: Report | None = None
    """The page against bicubic, where one was asked for; not yet written."""

    @property
    def tables(self) -> tuple[Table, Table]:
        """Beside published rows; everything that was measured."""
        return beside_published([self.result]), detail_table(self.result)

    @property
    def comparable(self) -> bool:
        """Every set is whole and every picture was measured."""
        return all(each.comparable for each in self.result.sets)

    def document(self) -> dict[str, Any]:
        """Everything, for `--json` and the JSON file."""
        published = [
            {"label": each.label, "psnr": dict(each.psnr), "ssim": dict(each.ssim)}
            for each in published_rows(self.result.rules.scale)
        ]
        return {
            **as_json(self.result),
            "remarks": self.remarks,
            "reference": self.row.label if self.row else None,
            "verdicts": self.verdicts,
            "published": published,
        }

    def write(self) -> None:
        """Write result.json, pictures.csv, table.md and table.tex."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = [f"- {line}" for line in (*self.verdicts, *self.remarks)]
        tables = self.tables
        texts = {
            "result.json": json.dumps(self.document(), indent=2, allow_nan=False) + "\n",
            "pictures.csv": as_csv(picture_table(self.result)),
            "table.md": "\n".join([*map(as_markdown, tables), *said, ""]),
            "table.tex": "\n".join(map(as_latex, tables)),
        }
        for name, text in texts.items():
            with replacing(self.folder / name) as part:
                part.write_text(text, "utf-8")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelComparison:
    """Models on the same pictures, each held against the first one."""

    results: tuple[BenchmarkResult, ...]
    """Results of all models; the first is the baseline."""
    comparisons: tuple[Comparison, ...]
    """Of the others with it, by self-ensemble where that was asked for."""
    ensemble: bool
    """Whether `comparisons` are of self-ensembles."""
    remarks: tuple[str, ...]
    """Remarks on how the numbers came about."""
    absent: tuple[str, ...]
    """Why a set was not measured."""
    folder: Path
    """Where scores and SR pictures are."""
    report: Report
    """The page, not yet written."""

    @property
    def comparable(self) -> bool:
        """Every set is whole and every picture was measured, by all models."""
        return all(each.comparable for result in self.results for each in result.sets)

    @property
    def tables(self) -> list[Table]:
        """The means beside published rows, and the differences of each model that has some."""
        found = [each for each in self.comparisons if each.differences]
        return [
            beside_published(self.results),
            *(difference_table(each, ensemble=self.ensemble) for each in found),
        ]

    def document(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return {
            "baseline": self.results[0].model,
            "differences": {
                each.model: [asdict(d) | {"verdict": d.verdict} for d in each.differences]
                for each in self.comparisons
            },
            "results": [as_json(result) for result in self.results],
        }
