"""A model measured on benchmark sets, and models compared, in one call each."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hatsr.evaluation.benchmark import Benchmark, CountProgress, ignore
from hatsr.evaluation.candidates import BICUBIC, BicubicCandidate, Candidate, FolderCandidate
from hatsr.evaluation.log import SavedPictures, ScoreLog
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.opening_candidates import open_candidate, open_candidates
from hatsr.evaluation.report.crops import CropCollector
from hatsr.evaluation.report.findings import Evaluation, ModelComparison
from hatsr.evaluation.report.html import Report
from hatsr.evaluation.report.remarks import reference, remarks, verdicts
from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings
from hatsr.evaluation.sets.folders import PictureSet, find_sets
from hatsr.evaluation.statistics import compare_results
from hatsr.files import check_not_input


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationOutput:
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


DEFAULT_OUTPUT = EvaluationOutput()


def evaluate(
    model: str | Candidate,
    data: Sequence[str] = (),
    *,
    data_root: Path | None = None,
    rules: EvaluationSettings | None = None,
    output: EvaluationOutput = DEFAULT_OUTPUT,
    progress: CountProgress = ignore,
) -> Evaluation:
    """Measure a model on sets by the paper's protocol.

    A run that is stopped goes on where it was. A picture that cannot be read or enlarged is
    reported and the others are measured.

    Args:
        model: as `open_candidate` takes it, or opened.
        data: names of sets, or folders with HR pictures; none means all five sets.
        data_root: holds a folder for each named set.
        rules: how SR pictures are judged; by default by the protocol at the model's scale.
        output: what is left on disk.
        progress: told after each picture.

    Raises:
        ValueError: wrong usage: a model, a set, a published row or rules that do not exist or do
            not go together, or a folder with the scores of another model or of other rules.
        FileNotFoundError: none of the named sets is under the data root.
        OSError: a file cannot be written.
    """
    scale = rules.scale if rules else None
    candidate = open_candidate(model, scale) if isinstance(model, str) else model
    rules = _rules(rules, candidate)
    row = reference(candidate.name, candidate.scale, output.against)
    if output.report and isinstance(candidate, BicubicCandidate):
        raise ValueError("report must be of another model than bicubic, which it is against")
    sets, absent = find_sets(data, data_root, rules)
    folder = output.folder or Path("results") / folder_of(candidate)
    measurement = _measurement(candidate, rules, folder, output)
    measurements, crops = [measurement], None
    if output.report:
        name = BICUBIC if candidate.name != BICUBIC else "hatsr's bicubic"  # pictures of that name
        plain = replace(rules, ensemble=False, perceptual=())
        measurements.insert(0, Measurement(BicubicCandidate(rules.scale, name), plain))
        crops = CropCollector(name, rules.scale)
    _check_saved(measurements, sets, rules)
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
    rules: EvaluationSettings | None = None,
    output: EvaluationOutput = DEFAULT_OUTPUT,
    progress: CountProgress = ignore,
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
    candidates = open_candidates(models, rules.scale if rules else None)
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
    _check_saved(measurements, sets, rules)
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


def _rules(rules: EvaluationSettings | None, candidate: Candidate) -> EvaluationSettings:
    """By default the protocol's. A folder of LR that exists is meant, not one inside each set."""
    if rules is None:
        return EvaluationSettings(scale=candidate.scale)
    if rules.lr and Path(rules.lr).is_dir():
        return replace(rules, lr=str(Path(rules.lr).resolve()))
    return rules


def _check_ensemble(candidates: Sequence[Candidate]) -> None:
    """Only the program that made a folder of pictures could turn and flip them."""
    folders = [str(each.folder) for each in candidates if isinstance(each, FolderCandidate)]
    if folders:
        raise ValueError(
            f"--ensemble must be of models or bicubic, got the pictures of {', '.join(folders)}; "
            "leave it out"
        )


def _measurement(
    candidate: Candidate, rules: EvaluationSettings, folder: Path, output: EvaluationOutput
) -> Measurement:
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


def _check_saved(
    measurements: Sequence[Measurement], sets: Sequence[PictureSet], rules: EvaluationSettings
) -> None:
    """Refuse a folder for SR pictures in which pictures lie that are read."""
    inputs = [path for each in sets for path in each.files]
    inputs += [each.home / rules.lr for each in sets if rules.lr]
    inputs += [m.candidate.folder for m in measurements if isinstance(m.candidate, FolderCandidate)]
    for measurement in measurements:
        if measurement.saved is not None:
            check_not_input(measurement.saved.folder, inputs)


def _report(results: Sequence[BenchmarkResult], crops: CropCollector) -> Report:
    comparisons = compare_results(results)
    return Report(
        results=tuple(results),
        comparisons=comparisons,
        crops=crops,
        remarks=tuple(remarks(results, comparisons)),
    )


def folder_of(candidate: Candidate) -> str:
    """Name of a candidate's own folder."""
    name = re.sub(r"[^\w.+-]+", "_", candidate.name).strip("._") or "model"
    ending = f"x{candidate.scale}"
    return name if name.endswith(ending) else f"{name}-{ending}"
