"""Runs against a discriminator, from the recipe to the weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_runs import newest, run, weights

from hatsr.training.recipe import Recipe, RecipeError
from hatsr.training.run import Run
from hatsr.training.start.setup import set_up

SECTION = {"width": 2, "pool": 10}


def test_a_run_learns_and_says_how(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(adversarial=SECTION)
    events = run(recipe, tmp_path)
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert any("WITHOUT the perceptual loss" in note for note in notes)
    steps = [event for event in events if event["event"] == "step"]
    assert all({"pixel", "gan", "discriminator"} <= step.keys() for step in steps)
    assert len(newest(tmp_path)["adversary"]["pool"]["lr"]) == 8  # a third batch of 4 is too many
    plain = run(tiny(), tmp_path / "plain")
    assert plain[-1]["event"] == "end"
    ours, theirs = weights(tmp_path), weights(tmp_path / "plain")
    assert any(not torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_run_keeps_its_adversary(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    run(tiny(iterations=2), tmp_path)
    with pytest.raises(ValueError, match="a run must keep its adversarial"):
        Run(set_up(tiny(adversarial=SECTION), tmp_path, device="cpu"), lambda step: [])


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"adversarial": {"pools": 3}}, "unknown key adversarial.pools .* adversarial.pool"),
        ({"adversarial": {}, "tasks": [{"scale": 2}]}, "tasks must be none with adversarial"),
        ({"adversarial": {}, "data": {"patch": 6}}, "of a multiple of 8 .* got 6 x 2"),
        ({"adversarial": {}, "degrade": {"sharpen": True}}, "degrade.sharpen must be false"),
        ({"adversarial": {"sharpen": ["sr"]}}, "adversarial.sharpen.0"),
    ],
)
def test_what_a_recipe_may_not_say(
    tiny: Callable[..., Recipe], sections: dict, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        tiny(**sections)
