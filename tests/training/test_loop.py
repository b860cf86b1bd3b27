"""The loop learns, validates without disturbing, and stops when it should."""

from collections.abc import Callable
from itertools import count
from math import nan
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from tiny_runs import go, weights

from hatsr.training import loop
from hatsr.training.loop import NotFiniteError
from hatsr.training.losses import pixel_loss
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up
from hatsr.training.states import load_state


def test_overfits_one_batch(tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    with Image.open(pictures / "0.png") as picture:
        picture.crop((0, 0, 24, 24)).save(alone / "0.png")  # one place for one patch
    recipe = tiny(
        iterations=150,
        data={"train": [str(alone)], "patch": 12, "batch": 1, "augment": False},
        network={"drop_path": 0.0},
        valid={"data": None},
        optim={"learning_rate": 5e-3, "clip": 1.0},
        save={"every": 1000, "log_every": 10},
    )
    _, events = go(set_up(recipe, tmp_path, device="cpu"))
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert losses[-1] < losses[0] / 5


def test_validation_changes_nothing(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    for name, valid in (("often", {"every": 1}), ("never", {"data": None})):
        go(set_up(tiny(valid=valid), tmp_path / name, device="cpu"))
    often, never = weights(tmp_path / "often"), weights(tmp_path / "never")
    assert all(torch.equal(often[key], never[key]) for key in never)


def test_patches_a_second_are_those_of_each_step_s_stage(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    recipe = tiny(
        data={"stages": [{"start": 3, "patch": 8, "batch": 8}]},
        valid={"data": None},
        save={"every": 100, "log_every": 4},
    )
    _, events = go(set_up(recipe, tmp_path, device="cpu"))
    rates = [event["patches_per_second"] for event in events if event["event"] == "step"]
    # Five looks at the clock between two lines: one a step, one for the line.
    assert rates == [(3 * 4 + 8) / 5, 4 * 8 / 5]


def test_early_stop(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=50, valid={"every": 2, "patience": 2}, optim={"learning_rate": 1e-12})
    outcome, _ = go(set_up(recipe, tmp_path, device="cpu"))
    assert outcome.reason == "early stop"
    assert outcome.progress.step < 50
    again, events = go(set_up(recipe, tmp_path, device="cpu"))
    assert again.progress.step == outcome.progress.step
    assert not [event for event in events if event["event"] == "step"]


def test_not_a_number_stops_and_names_the_batch(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([1.0, 1.0, nan])
    plain = pixel_loss
    monkeypatch.setattr(loop, "pixel_loss", lambda *given: plain(*given) * next(calls))
    with pytest.raises(NotFiniteError, match=r"in step 2, samples 8 to 11 \(.*\.png") as caught:
        go(set_up(tiny(), tmp_path, device="cpu"))
    assert "lower optim.learning_rate" in str(caught.value)
    state = load_state(tmp_path / "states", print)
    assert state is not None
    assert state["progress"]["step"] == 2
    assert all(torch.isfinite(value).all() for value in state["networks"].values())


def test_activation_checkpointing_is_no_dead_flag(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    for name, flag in (("on", True), ("off", False)):
        go(set_up(tiny(activation_checkpointing=flag, iterations=3), tmp_path / name, device="cpu"))
    on, off = weights(tmp_path / "on"), weights(tmp_path / "off")
    for key, value in off.items():
        torch.testing.assert_close(on[key], value)
    setup = set_up(tiny(activation_checkpointing=True), tmp_path, device="cpu")
    assert all(group.activation_checkpointing for group in setup.networks.main.groups)
