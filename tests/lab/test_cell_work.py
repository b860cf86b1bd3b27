"""One cell: its steps, its pictures, its curve."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import tiny

from hatsr import checkpoint
from hatsr.evaluation import EvaluationSettings
from hatsr.evaluation.cost.network_cost import complexity
from hatsr.lab import StudyWorkspace, read_study
from hatsr.lab.cell_work import cost_of, curve_of, picture_files, steps_of
from hatsr.lab.cells import cells_of
from hatsr.lab.study import EvaluationPlan

Written = Callable[..., Path]


def test_pictures_of_two_sets_may_be_called_alike(tmp_path: Path, pictures: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(pictures, other)
    plan, workspace = (
        EvaluationPlan(data=(str(pictures), str(other))),
        StudyWorkspace(folder=tmp_path),
    )
    found = picture_files(plan, EvaluationSettings(scale=2), workspace)
    stems = sorted(path.stem for path in pictures.iterdir())
    assert list(found.values()) == [f"{each.name}/{s}" for each in (pictures, other) for s in stems]
    assert all(Path(path).stem == Path(name).name for path, name in found.items())


def test_minutes_become_steps_once(write_study: Written, tmp_path: Path) -> None:
    study = read_study(
        write_study(), ["sizes.small.budget={steps: null, minutes: 0.001}", "seeds=[0]"]
    )
    cell, workspace = cells_of(study, "small")[0], StudyWorkspace(folder=tmp_path, device="cpu")
    steps = steps_of(cell, "training", workspace)
    assert steps is not None
    assert steps >= 1
    (path,) = tmp_path.rglob("steps.json")
    path.write_text("17")
    assert steps_of(cell, "training", workspace) == 17


def test_the_steps_of_a_budget_of_steps_are_not_measured(
    write_study: Written, tmp_path: Path
) -> None:
    cell = cells_of(read_study(write_study()), "small")[0]
    assert steps_of(cell, "training", StudyWorkspace(folder=tmp_path, device="cpu")) is None
    assert list(tmp_path.iterdir()) == []


def test_a_curve_is_made_of_validations_alone(tmp_path: Path) -> None:
    events = [
        {"event": "validation", "step": 0, "psnr_y": 20.5},
        {"event": "step", "step": 2, "loss": 0.1},
        {"event": "validation", "step": 4, "psnr_y": 21.25},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in events))
    assert curve_of(path) == [(0, 20.5), (4, 21.25)]


def test_costs_are_those_of_the_network_in_the_file(tmp_path: Path) -> None:
    checkpoint.save(tiny(), tmp_path / "a.safetensors")
    found = cost_of(tmp_path / "a.safetensors")
    assert found["parameters"] == sum(p.numel() for p in tiny().parameters())
    assert found["multiply_adds"] == complexity(tiny()).multiply_adds
    assert found["forward_seconds"] > 0


def test_a_test_set_or_a_device_that_is_not_there_is_named(tmp_path: Path, pictures: Path) -> None:
    workspace = StudyWorkspace(folder=tmp_path, data_root=tmp_path)
    plan = EvaluationPlan(data=(str(pictures), "Set5"))
    with pytest.raises(ValueError, match="Set5 is missing"):
        picture_files(plan, EvaluationSettings(scale=2), workspace)
    with pytest.raises(ValueError, match="device"):
        _ = StudyWorkspace(folder=tmp_path, device="abacus").test_device
