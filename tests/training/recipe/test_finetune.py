"""The recipe of fine-tuning."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tiny_runs import go

from hatsr.checkpoint import make_network, save
from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.finetune import finetune_values
from hatsr.training.recipe.parsing import Values
from hatsr.training.start.setup import set_up


def test_finetune_holds_out_and_finishes(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "best.safetensors"
    save(make_network(tiny().config), source)
    base = finetune_values(pictures, str(source))
    small = {"iterations": 4, "data": {"patch": 8, "batch": 2, "workers": 0}, "valid": {"every": 2}}
    recipe = to_recipe(Values(small).over(base))
    assert recipe.config == tiny().config
    assert recipe.optim.loss == "psnr"
    setup = set_up(recipe, tmp_path / "run", device="cpu")
    assert (len(setup.validation), len(setup.patches.pairs)) == (1, 5)
    assert go(setup)[0].progress.best > 10


def test_finetune_makes_a_name_of_any_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Grandma's  scans (1950)"
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    recipe = to_recipe(finetune_values(folder, "hat-t-x4"))
    assert recipe.name == "finetune-Grandma-s-scans-1950-"
