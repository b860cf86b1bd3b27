"""Recipes hold the paper's values; what cannot be trained is refused."""

from dataclasses import asdict
from pathlib import Path

import pytest

from hatsr.training.recipe import read_recipe
from hatsr.training.recipe.parsing import RecipeError

FOLDER = Path(__file__).parents[3] / "recipes"

FILES = sorted(FOLDER.glob("*.yaml"))

FINE = (
    "hat-t-x4-again",
    "hat-t-x2",
    "hat-t-x3",
    "hat-t-x4-from-x2",
    "hat-t-x4-long",
    "hat-t-x2-again",
    "hat-t-x2-longer",
    "hat-t-x2-patch-64",
    "hat-t-x4-longer",
    "hat-t-real-x4",
    "hat-t-real-x2",
)

K = 1000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_committed_recipes_are_valid(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert f"-x{recipe.config.scale}" in path.stem
    lamb = path.stem.startswith("rcan-it")  # other authors, other settings
    assert recipe.optim.optimizer == ("lamb" if lamb else "adam")
    assert recipe.optim.betas == ((0.9, 0.999) if lamb else (0.9, 0.99))
    assert recipe.optim.ema == (0.0 if lamb else 0.999)
    assert recipe.optim.loss == ("psnr" if path.stem in FINE else "l1")


@pytest.mark.parametrize("network", ["hat-s", "hat", "hat-l"])
@pytest.mark.parametrize(
    ("name", "rate", "iterations", "milestones", "start"),
    [
        ("x2", 2e-4, 500, (250, 400, 450, 475), None),
        ("x3", 2e-4, 500, (250, 400, 450, 475), None),
        ("x4", 1e-4, 250, (125, 200, 225, 240), "x2"),
        ("x4-imagenet", 2e-4, 800, (300, 500, 650, 700, 750), None),
        ("x4-finetune", 1e-5, 250, (125, 200, 230, 240), "x4-imagenet"),
        ("x2-finetune", 1e-5, 250, (125, 200, 230, 240), "x2-imagenet"),
    ],
)
def test_values_of_the_paper(
    network: str,
    name: str,
    rate: float,
    iterations: int,
    milestones: tuple[int, ...],
    start: str | None,
) -> None:
    recipe = read_recipe(FOLDER / f"{network}-{name}.yaml")
    assert recipe.optim.learning_rate == rate
    assert recipe.iterations == iterations * K
    assert recipe.optim.milestones == tuple(m * K for m in milestones)
    assert (recipe.data.batch, recipe.data.patch) == (32, 64)
    assert recipe.start.checkpoint == (f"runs/{network}-{start}" if start else None)
    assert recipe.data.lr_from == ("crop" if "imagenet" in name else "picture")
    assert asdict(recipe.config)["drop_path"] == 0.1


def test_a_share_of_a_manifest_is_refused() -> None:
    given = ["data.train=[a/manifest.json]", "valid.share=0.1"]
    assert read_recipe(FOLDER / "hat-x2.yaml", given).valid.data  # the folder wins
    with pytest.raises(RecipeError, match=r"share must be 0 with a manifest, got 0\.1"):
        read_recipe(FOLDER / "hat-x2.yaml", [*given, "valid.data=null"])


@pytest.mark.parametrize("more", ["tasks=[{scale: 1, noise: 15.0}]", "data.train_lr=lr"])
def test_scale_one_may_restore(more: str) -> None:
    recipe = read_recipe(FOLDER / "hat-x2.yaml", ["network.scale=1", more])
    assert recipe.config.scale == 1
