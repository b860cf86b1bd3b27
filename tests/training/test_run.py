"""What a run keeps when it goes on, what may change, and what it exports."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny_runs import assert_same, newest, run

from hatsr.checkpoint import read
from hatsr.training.recipe import Recipe
from hatsr.training.run import Run
from hatsr.training.start.setup import set_up


def test_changes_are_told_and_another_network_is_refused(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path)
    events = run(tiny(iterations=3), tmp_path)
    assert "iterations: 2 -> 3" in events[0]["text"]
    with pytest.raises(ValueError, match=r"must keep its network, .* name=.* or .* --fresh"):
        Run(set_up(tiny(network={"embed_dim": 16}), tmp_path, device="cpu"), lambda step: [])


def test_another_start_task_or_picture_is_refused(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path / "run")
    fewer = shutil.copytree(pictures, tmp_path / "fewer")
    (fewer / "0.png").unlink()
    others: list[tuple[str, dict[str, Any]]] = [
        ("start", {"start": {"interpolate": True}}),
        ("tasks", {"tasks": [{"scale": 2}, {"scale": 3}]}),
        ("training pictures", {"data": {"train": [str(fewer)]}}),
        ("validation pictures", {"valid": {"data": str(fewer)}}),
        ("training pictures and validation", {"valid": {"data": None, "share": 0.2}}),
    ]
    for what, changes in others:
        with pytest.raises(ValueError, match=f"must keep its {what}"):
            run(tiny(iterations=3, **changes), tmp_path / "run")


def test_moved_pictures_and_a_moved_start_are_no_obstacle(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path / "first")
    start = {"checkpoint": str(tmp_path / "first")}
    run(tiny(iterations=2, start=start), tmp_path / "second")
    shutil.rmtree(tmp_path / "first")
    moved = str(shutil.copytree(pictures, tmp_path / "moved"))
    recipe = tiny(iterations=3, start=start, data={"train": [moved]}, valid={"data": moved})
    assert run(recipe, tmp_path / "second")[-1]["reason"] == "finished"
    assert newest(tmp_path / "second")["progress"]["step"] == 3
    with pytest.raises(ValueError, match="model must be a file"):
        set_up(recipe, tmp_path / "second", device="cpu", fresh=True)


def test_another_number_of_usable_pictures_is_told(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for side in (24, 40):
        Image.new("RGB", (side, side)).save(folder / f"{side}.png")
    run(tiny(iterations=2, data={"train": [str(folder)]}), tmp_path / "run")
    events = run(tiny(iterations=3, data={"train": [str(folder)], "patch": 16}), tmp_path / "run")
    assert "resuming with 1 usable pictures, before 2" in [event.get("text") for event in events]


@pytest.mark.parametrize("iterations", [4, 2])
def test_a_run_that_is_over_says_so(
    tiny: Callable[..., Recipe], tmp_path: Path, iterations: int
) -> None:
    run(tiny(iterations=4), tmp_path)
    events = run(tiny(iterations=iterations), tmp_path)
    assert f"over (finished at iteration 4 of {iterations}); --fresh" in str(events)
    assert (events[-1]["event"], events[-1]["step"]) == ("end", 4)


def test_what_a_run_that_is_over_does_not_apply_is_told_each_time(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path)
    before = newest(tmp_path)
    for _ in range(2):
        events = run(tiny(iterations=2, optim={"learning_rate": 0.5}), tmp_path)
        assert [event["text"] for event in events if event["event"] == "note"] == [
            "this run is over (finished at iteration 2 of 2); --fresh starts it anew, name=... "
            "starts another, a larger iterations goes on",
            "not applied: optim.learning_rate: 0.001 -> 0.5",
        ]
    assert_same(before, newest(tmp_path))


def test_an_early_stop_goes_on_with_more_patience(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    optim, valid = {"learning_rate": 1e-12}, {"every": 1, "patience": 1}
    run(tiny(valid=valid, optim=optim), tmp_path)
    over = run(tiny(valid=valid, optim=optim), tmp_path)
    assert "a larger valid.patience goes on" in over[0]["text"]
    on = run(tiny(valid=valid | {"patience": 2}, optim=optim), tmp_path)
    assert on[0]["text"] == "resuming with another valid.patience: 1 -> 2"
    assert on[-1]["step"] > over[-1]["step"]


def test_the_optimiser_is_the_recipe_s(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    run(tiny(iterations=2), tmp_path)
    optim = {"betas": [0.5, 0.6], "weight_decay": 0.1, "optimizer": "adamw"}
    changed = Run(set_up(tiny(optim=optim), tmp_path, device="cpu"), lambda step: [])
    group = changed.optimizer.param_groups[0]
    assert (group["betas"], group["weight_decay"]) == ((0.5, 0.6), 0.1)
    assert group["decoupled_weight_decay"]
    assert len(changed.optimizer.state) > 0


def test_exports_load(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=2)
    run(recipe, tmp_path)
    average = newest(tmp_path)["average"]
    for name in ("best", "last"):
        assert read(tmp_path / f"{name}.safetensors").config == recipe.config
    last = read(tmp_path / "last.safetensors").tensors
    assert all(torch.equal(average[f"main.{key}"], value) for key, value in last.items())
    assert len(list((tmp_path / "samples").glob("*.png"))) == 2  # before and after
