"""A tiny run: 48 x 52 pictures, embed 12, window 4, depths (1, 1), x2."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from accelerate.state import AcceleratorState
from tiny import TINY_NETWORK

from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.parsing import Values


@pytest.fixture
def another_precision() -> Iterator[None]:
    """accelerate keeps one precision for all of a process."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


@pytest.fixture
def tiny(pictures: Path) -> Callable[..., Recipe]:
    """A recipe for a tiny run; sections given are merged over it."""

    def make(**sections: Any) -> Recipe:
        base = {
            "name": "tiny",
            "iterations": 8,
            "network": TINY_NETWORK,
            "data": {"train": [str(pictures)], "patch": 8, "batch": 4, "workers": 0},
            "valid": {"data": str(pictures), "every": 4, "pictures": 1},
            "optim": {"learning_rate": 1e-3, "ema": 0.9},
            "save": {"every": 3, "log_every": 2, "tensorboard": False},
        }
        return to_recipe(Values(sections).over(Values(base)))

    return make
