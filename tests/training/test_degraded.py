"""Runs on degraded LR: what is judged, that resuming changes nothing, what is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from hatsr.checkpoint import make_network, save
from hatsr.data.degrade import PRESETS, under_condition
from hatsr.training.loop import run_steps as train
from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.finetune import finetune_values
from hatsr.training.recipe.parsing import Values
from hatsr.training.start.setup import set_up
from hatsr.training.states import load_state

PHOTO = {"preset": "photo"}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = load_state(folder / "states", print)
    assert state is not None
    return state["networks"]


def test_resuming_changes_nothing(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(degrade=PHOTO)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(set_up(recipe, whole, device="cpu"), lambda step: [], lambda: False)
    steps = iter(range(10))
    train(set_up(recipe, parts, device="cpu"), lambda step: [], lambda: next(steps) >= 5)
    train(set_up(recipe, parts, device="cpu"), lambda step: [], lambda: False)
    clean = tmp_path / "clean"
    train(set_up(tiny(), clean, device="cpu"), lambda step: [], lambda: False)
    one, other, third = weights(whole), weights(parts), weights(clean)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert any(not torch.equal(one[name], third[name]) for name in one)


def test_every_picture_is_judged_under_every_condition(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    valid = {"conditions": ["clean", "jpeg-50", "photo.2"]}
    setup = set_up(tiny(degrade=PHOTO, valid=valid), tmp_path / "run", device="cpu")
    plain = set_up(tiny(), tmp_path / "run", device="cpu")
    assert [held.name for held in plain.validation] == list("012345")
    names = [held.name for held in setup.validation]
    assert names[:2] + names[6:8] == ["0-clean", "1-clean", "0-jpeg-50", "1-jpeg-50"]
    assert len(names) == 18
    held, first = setup.validation[12], plain.validation[0]
    assert np.array_equal(held.hr, first.hr)
    assert np.array_equal(held.lr, under_condition("photo.2", first.lr, first.hr, "0"))


def test_judging_clean_lr_alone_is_said(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    said: list[str] = []
    set_up(tiny(degrade=PHOTO), tmp_path / "run", said.append, device="cpu")
    assert "validation is on clean LR; give valid.conditions to judge by degraded LR" in said


def test_finetune_judges_by_what_it_trains_on(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path
) -> None:
    source = tmp_path / "best.safetensors"
    save(make_network(tiny().config), source)
    base = finetune_values(pictures, str(source), degrade="scan")
    recipe = to_recipe(Values({"data": {"patch": 8}}).over(base))
    assert recipe.degrade == PRESETS["scan"]
    assert recipe.valid.conditions == ("scan.1", "scan.2", "scan.3")
    assert to_recipe(finetune_values(pictures, str(source))).degrade is None
