"""A model measured on benchmark sets, and models compared, in one call each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hatsr.evaluation.benchmark import Benchmark, Progress, ignore
from hatsr.evaluation.compare import Comparison, compare_results
from hatsr.evaluation.crops import CropCollector
from hatsr.evaluation.gallery import SavedPictures, folder_name
from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.outputs import difference_table, reference, remarks, verdicts
from hatsr.evaluation.published import Row, rows
from hatsr.evaluation.report import Report
from hatsr.evaluation.scores import Result, Rules, as_json
from hatsr.evaluation.sets import find_sets
from hatsr.evaluation.sources import (
    BICUBIC,
    Bicubic,
    Candidate,
    Pictures,
    open_candidate,
    open_candidates,
)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What an evaluation leaves on disk."""

    folder: Path | None = None
    """For scores so far, results and pictures; by default `results/MODEL-xSCALE`."""
    restart: bool = False
    """Forget the scores so far."""
    keep: bool = False
    """Save the SR pictures."""
    report: bool = False
    """Prepare a page against bicubic; the SR pictures of a network are saved meanwhile."""
    against: str = ""
    """Label of the row of Table 6 that the result is held against; by default the model's own."""


DEFAULT_OUTPUT = Output()


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """A model measured on sets, beside what others published."""

    result: Result
    row: Row | None
    """The published row that the result is held against."""
    remarks: tuple[str, ...]
    """What a reader must know."""
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
        return comparison([self.result]), details(self.result)

    @property
    def comparable(self) -> bool:
        """Every set is whole and every picture was measured."""
        return all(each.comparable for each in self.result.sets)

    def document(self) -> dict[str, Any]:
        """Everything, for `--json` and the JSON file."""
        published = [
            {"label": each.label, "psnr": dict(each.psnr), "ssim": dict(each.ssim)}
            for each in rows(self.result.rules.scale)
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
            "pictures.csv": as_csv(pictures(self.result)),
            "table.md": "\n".join([*map(as_markdown, tables), *said, ""]),
            "table.tex": "\n".join(map(as_latex, tables)),
        }
        for name, text in texts.items():
            with replacing(self.folder / name) as part:
                part.write_text(text, "utf-8")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelComparison:
    """Models on the same pictures, each held against the first one."""

    results: tuple[Result, ...]
    """The first is the baseline."""
    comparisons: tuple[Comparison, ...]
    """Of the others with it, by self-ensemble where that was asked for."""
    ensemble: bool
    """Whether `comparisons` are of self-ensembles."""
    remarks: tuple[str, ...]
    """What a reader must know."""
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
            comparison(self.results),
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


def evaluate(
    model: str | Candidate,
    data: Sequence[str] = (),
    *,
    data_root: Path | None = None,
    rules: Rules | None = None,
    output: Output = DEFAULT_OUTPUT,
    progress: Progress = ignore,
) -> Evaluation:
    """Measure a model on sets by the paper's protocol.

    A run that is stopped goes on where it was. A picture that cannot be read or enlarged is
    reported and the others are measured.

    Args:
        model: as `open_candidate` takes it, or opened.
        data: names of sets, or folders with HR pictures; none means all five sets.
        data_root: holds a folder for each named set.
        rules: how SR pictures are judged; by default by the protocol alone.
        output: what is left on disk.
        progress: told after each picture.

    Raises:
        ValueError: wrong usage: a model, a set, a published row or rules that do not exist or do
            not go together, or a folder with the scores of another model or of other rules.
        FileNotFoundError: none of the named sets is under the data root.
        OSError: a file cannot be written.
    """
    candidate = open_candidate(model) if isinstance(model, str) else model
    rules = _rules(rules, candidate)
    row = reference(candidate.name, candidate.scale, output.against)
    if output.report and isinstance(candidate, Bicubic):
        raise ValueError("report must be of another model than bicubic, which it is against")
    sets, absent = find_sets(data, data_root, rules)
    folder = output.folder or Path("results") / folder_of(candidate)
    measurement = _measurement(candidate, rules, folder, output)
    measurements, crops = [measurement], None
    if output.report:
        name = BICUBIC if candidate.name != BICUBIC else "hatsr's bicubic"  # pictures of that name
        plain = replace(rules, ensemble=False, perceptual=())
        measurements.insert(0, Measurement(Bicubic(rules.scale, name), plain))
        crops = CropCollector(name, rules.scale)
    results = Benchmark(measurements, progress, crops and crops.add).run(sets)
    evaluation = Evaluation(
        result=results[-1],
        row=row,
        verdicts=tuple(verdicts(results[-1], row)),
        remarks=tuple(remarks(results[-1:])),
        absent=tuple(absent),
        folder=folder,
        report=_report(results, crops) if crops else None,
    )
    evaluation.write()
    return evaluation


def compare(
    models: Sequence[str | Candidate],
    data: Sequence[str] = (),
    *,
    data_root: Path | None = None,
    rules: Rules | None = None,
    output: Output = DEFAULT_OUTPUT,
    progress: Progress = ignore,
) -> ModelComparison:
    """Hold models against the first one, picture by picture.

    Args:
        models: at least two, as `open_candidates` takes them, or opened.
        data: as for `evaluate`, as are the rest.
        data_root: holds a folder for each named set.
        rules: how SR pictures are judged.
        output: what is left on disk; each model has its own folder inside.
        progress: told after each picture.

    Raises:
        ValueError: wrong usage, as for `evaluate`; fewer than two models, or of several scales.
        FileNotFoundError: none of the named sets is under the data root.
    """
    candidates = open_candidates(models)
    rules = _rules(rules, candidates[0])
    if rules.ensemble:
        _check_ensemble(candidates)
    sets, absent = find_sets(data, data_root, rules)
    folder = output.folder or Path("results") / "compare"
    measurements = [
        _measurement(each, rules, folder / folder_of(each), replace(output, report=True))
        for each in candidates
    ]
    crops = CropCollector(candidates[0].name, rules.scale)
    results = Benchmark(measurements, progress, crops.add).run(sets)
    report = _report(results, crops)
    ensemble = rules.ensemble
    return ModelComparison(
        results=tuple(results),
        comparisons=compare_results(results, "ensemble_psnr") if ensemble else report.comparisons,
        ensemble=ensemble,
        remarks=report.remarks,
        absent=tuple(absent),
        folder=folder,
        report=report,
    )


def _rules(rules: Rules | None, candidate: Candidate) -> Rules:
    """By default the protocol's. A folder of LR that exists is meant, not one inside each set."""
    if rules is None:
        return Rules(scale=candidate.scale)
    if rules.lr and Path(rules.lr).is_dir():
        return replace(rules, lr=str(Path(rules.lr).resolve()))
    return rules


def _check_ensemble(candidates: Sequence[Candidate]) -> None:
    """Only the program that made a folder of pictures could turn and flip them."""
    folders = [str(each.folder) for each in candidates if isinstance(each, Pictures)]
    if folders:
        raise ValueError(
            f"--ensemble must be of models or bicubic, got the pictures of {', '.join(folders)}; "
            "leave it out"
        )


def _measurement(candidate: Candidate, rules: Rules, folder: Path, output: Output) -> Measurement:
    """With the scores so far where they cost something: those of a network."""
    log = None
    if candidate.weights:
        path = folder / "scores.jsonl"
        if output.restart:
            path.unlink(missing_ok=True)
        about = {"model": candidate.name, "weights": candidate.weights, "rules": asdict(rules)}
        log = ScoreLog(path, about)
    keep = output.keep or (output.report and log is not None)
    saved = SavedPictures(folder / "pictures") if keep else None
    return Measurement(candidate, rules, log=log, saved=saved)


def _report(results: Sequence[Result], crops: CropCollector) -> Report:
    comparisons = compare_results(results)
    return Report(
        results=tuple(results),
        comparisons=comparisons,
        crops=crops,
        remarks=tuple(remarks(results, comparisons)),
    )


def folder_of(candidate: Candidate) -> str:
    """Name of a candidate's own folder."""
    name, ending = folder_name(candidate.name), f"x{candidate.scale}"
    return name if name.endswith(ending) else f"{name}-{ending}"
