"""A tiny run: 48 x 52 pictures, embed 12, window 4, depths (1, 1), x2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.reading import Values

NETWORK = {
    "preset": "hat-t",
    "scale": 2,
    "embed_dim": 12,
    "depths": [1, 1],
    "num_heads": 2,
    "window_size": 4,
    "squeeze_factor": 4,
}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures with edges and gradients."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(6):
        coarse = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
        big = Image.fromarray(coarse).resize((52, 48), Image.Resampling.BICUBIC)
        big.save(folder / f"{i}.png")
    return folder


@pytest.fixture
def tiny(pictures: Path) -> Callable[..., Recipe]:
    """A recipe for a tiny run; sections given are merged over it."""

    def make(**sections: Any) -> Recipe:
        base = {
            "name": "tiny",
            "iterations": 8,
            "network": NETWORK,
            "data": {"train": [str(pictures)], "patch": 8, "batch": 4, "workers": 0},
            "valid": {"data": str(pictures), "every": 4, "pictures": 1},
            "optim": {"learning_rate": 1e-3, "ema": 0.9},
            "save": {"every": 3, "log_every": 2, "tensorboard": False},
        }
        return to_recipe(Values(sections).over(Values(base)))

    return make
