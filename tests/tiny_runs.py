"""Runs of tiny recipes, for the tests of training."""

from pathlib import Path
from typing import Any

import torch

from hatsr.training.loop import TrainingResult, run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import Setup, set_up
from hatsr.training.states import load_state


def go(setup: Setup) -> tuple[TrainingResult, list[dict]]:
    """Train to the end; the outcome and all events."""
    events: list[dict] = []
    return run_steps(setup, lambda step: [events.append], lambda: False), events


def weights(folder: Path) -> dict[str, Any]:
    """The weights in the newest state."""
    state = load_state(folder / "states", print)
    assert state is not None
    return state["networks"]


def run(recipe: Recipe, folder: Path, stop_at: int = 10**9) -> list[dict]:
    """Train a recipe until the end, or until it was asked so often whether to stop; all events."""
    events: list[dict] = []
    steps = iter(range(10**9))
    setup = set_up(recipe, folder, device="cpu")
    run_steps(setup, lambda step: [events.append], lambda: next(steps) >= stop_at)
    return events


def newest(folder: Path) -> dict[str, Any]:
    """The newest state, without the time that it took."""
    state = load_state(folder / "states", print)
    assert state is not None
    state["progress"].pop("seconds")
    return state


def assert_same(a: Any, b: Any) -> None:
    """Equal to the last bit, tensors too."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    else:
        assert a == b
