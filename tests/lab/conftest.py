"""A miniature study: two windows, two seeds, a few steps on 48 x 52 pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny import TINY_NETWORK

MINIATURE: dict[str, Any] = {
    "name": "mini",
    "title": "Two windows",
    "source": {"place": "Table 1", "column": "Urban100", "says": "larger is better"},
    "seeds": [0, 1],
    "recipe": {
        "network": {**TINY_NETWORK, "cab": False, "ocab": False},
        "data": {"patch": 8, "batch": 4, "workers": 0},
        "valid": {"every": 3, "pictures": 0},
        "optim": {"learning_rate": 1e-3, "ema": 0.9},
        "save": {"every": 2, "log_every": 2},
    },
    "sizes": {"small": {"budget": {"steps": 6}}},
    "variants": {
        "window 2": {"recipe": {"network": {"window_size": 2}}, "paper": {"Urban100": 27.45}},
        "window 4": {"paper": {"Urban100": 27.81}},
    },
}


@pytest.fixture(scope="session")
def write_study(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Callable[..., Path]:
    """Writes the miniature, with changes to its top level, as a file."""

    def write(**changes: Any) -> Path:
        tree: dict[str, Any] = yaml.safe_load(yaml.safe_dump(MINIATURE))
        tree["recipe"]["data"]["train"] = [str(pictures)]
        tree["recipe"]["valid"]["data"] = str(pictures)
        tree["sizes"]["small"]["evaluate"] = {"data": [str(pictures)]}
        path = tmp_path_factory.mktemp("study") / "mini.yaml"
        path.write_text(yaml.safe_dump({**tree, **changes}, sort_keys=False), encoding="utf-8")
        return path

    return write
