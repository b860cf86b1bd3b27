"""One cell: its training runs, and what is measured of the weights of each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from hatsr.attribution import LamSettings, SweepPlan, features, sweep
from hatsr.checkpoint import make_network, read
from hatsr.evaluation import (
    EvaluationOutput,
    EvaluationSettings,
    evaluate,
    find_sets,
    open_candidate,
)
from hatsr.evaluation.cost.environment import environment
from hatsr.evaluation.cost.network_cost import complexity, time_forward
from hatsr.files import replacing
from hatsr.inference.settings import AUTO, choose_device
from hatsr.lab.cells import Cell
from hatsr.lab.study import EvaluationPlan
from hatsr.training import Event, dry_run, train

RESULTS, FAILURE = "results.json", "failure.txt"
"""Files of a cell: that it is done, and why it could not be."""
_STEPS = "steps.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyWorkspace:
    """Folder of a study, root of its test sets, and the device for training and testing."""

    folder: Path
    """Folder of the study."""
    data_root: Path | None = None
    """Holds a folder for each named test set."""
    device: str = AUTO
    """Where networks are trained and tested: auto, cpu, cuda, cuda:1, mps ..."""

    @property
    def test_device(self) -> str:
        """Where networks are tested, as torch names it.

        Raises:
            ValueError: the device is not there.
        """
        return choose_device(self.device)


def work_on(cell: Cell, workspace: StudyWorkspace, asked_to_stop: Callable[[], bool]) -> bool:
    """Train and measure a cell, from where it was left.

    Returns:
        Whether it is done; it is not where the work was asked to stop.

    Raises:
        ValueError: the runs cannot be set up, or the pictures not be found.
        NotFiniteError: a loss is not finite.
    """
    folder = cell.folder(workspace.folder)
    found: dict[str, Any] = {}
    start = None
    for stage in cell.stages:
        recipe = cell.recipe(stage, steps=steps_of(cell, stage, workspace), start=start)
        ended = train(recipe, folder, device=workspace.device, asked_to_stop=asked_to_stop)
        if ended.reason == "interrupted":
            return False
        start = ended.folder / "last.safetensors"
        found[stage] = measure(start, cell.plan.evaluate, workspace)
        found[stage]["curve"] = curve_of(ended.folder / "log.jsonl")
        found[stage]["steps"] = ended.progress.step
        found[stage]["training_seconds"] = ended.progress.seconds
    results = {"stages": found, "environment": environment()}
    with replacing(folder / RESULTS) as part:
        part.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return True


def steps_of(cell: Cell, stage: str, workspace: StudyWorkspace) -> int | None:
    """The steps that fit into the study's minutes, measured once; None: the budget is steps."""
    minutes = cell.plan.budget.minutes
    if minutes is None:
        return None
    path = cell.folder(workspace.folder) / stage / _STEPS
    if path.exists():
        return int(json.loads(path.read_text(encoding="utf-8")))
    told = dry_run(cell.recipe(stage), path.parent.parent, device=workspace.device)
    steps = max(1, int(60 * minutes / told.step_seconds))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(f"{steps}\n", encoding="utf-8")
    return steps


def measure(weights: Path, plan: EvaluationPlan, workspace: StudyWorkspace) -> dict[str, Any]:
    """Every measure of a file of weights: by picture, and what the network costs."""
    output = EvaluationOutput(folder=weights.parent / "evaluation")
    candidate = open_candidate(str(weights), device=workspace.test_device)
    told = evaluate(candidate, plan.data, data_root=workspace.data_root, output=output)
    if not told.comparable:
        raise ValueError(f"every test picture must be measured; {'; '.join(told.remarks)}")
    scores = told.result.scores
    found: dict[str, Any] = {
        "psnr": {f"{score.data}/{score.picture}": score.psnr for score in scores},
        "ssim": {f"{score.data}/{score.picture}": score.ssim for score in scores},
        "seconds_a_picture": told.result.mean("seconds"),
    }
    pictures = picture_files(plan, told.result.rules, workspace)
    if plan.di is not None:
        found["di"] = diffusion_indices(weights, plan, pictures, workspace)
    if plan.blocking:
        found["blocking"] = blocking_indices(weights, plan, pictures, workspace)
    return found | cost_of(weights)


def picture_files(
    plan: EvaluationPlan, rules: EvaluationSettings, workspace: StudyWorkspace
) -> dict[str, str]:
    """What the pictures of all test sets are called in results, by their HR files, set by set.

    The names are the same wherever the sets lie.
    """
    sets, absent = find_sets(plan.data, workspace.data_root, rules)
    if absent:
        raise ValueError("\n".join(absent))
    return {str(path): f"{each.name}/{path.stem}" for each in sets for path in each.files}


def diffusion_indices(
    weights: Path, plan: EvaluationPlan, pictures: Mapping[str, str], workspace: StudyWorkspace
) -> dict[str, float]:
    """Mean DI over the patches of each picture; one without attribution is left out."""
    if plan.di is None:
        return {}
    settings = LamSettings(steps=plan.di.steps, device=workspace.test_device)
    rows = weights.parent / "lam.jsonl"
    found: dict[str, float] = {}
    for path, name in tuple(pictures.items())[: plan.di.pictures]:
        asked = SweepPlan(
            models=(str(weights),), pictures=(path,), grid=plan.di.grid, settings=settings
        )
        told = sweep(asked, rows)
        if told.failures:
            raise ValueError(f"DI must be measured on every picture; {told.failures[path]}")
        found.update((name, each.diffusion_index.mean) for each in told.summaries)
    return found


def blocking_indices(
    weights: Path, plan: EvaluationPlan, pictures: Mapping[str, str], workspace: StudyWorkspace
) -> dict[str, float]:
    """Mean blocking index over the layers of a network that shows them, by picture."""
    found: dict[str, float] = {}
    for path, name in tuple(pictures.items())[: plan.blocking]:
        maps = features([str(weights)], path, device=workspace.test_device).rows[0]
        found[name] = fmean(each.blocking_index for each in maps)
    return found


def cost_of(weights: Path) -> dict[str, Any]:
    """Parameters and multiply-adds, and what one forward of 64 x 64 LR pixels takes on the CPU."""
    network = make_network(read(weights).config).eval()
    counted, forward = complexity(network), time_forward(network)
    return {
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "forward_seconds": forward.seconds,
        "forward_bytes": forward.peak_bytes,
    }


def curve_of(log: Path) -> list[tuple[int, float]]:
    """Step and validation's Y-PSNR in dB, as the run's log has them."""
    lines = log.read_text(encoding="utf-8").splitlines()
    events: list[Event] = [json.loads(line) for line in lines]
    return [(e["step"], e["psnr_y"]) for e in events if e["event"] == "validation"]
