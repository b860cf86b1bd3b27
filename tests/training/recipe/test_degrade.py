"""The section `degrade` of a recipe: presets, rules, messages."""

from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.data.degrade import PRESETS
from hatsr.training.recipe import read_recipe
from hatsr.training.recipe.parsing import RecipeError

FOLDER = Path(__file__).parents[3] / "recipes"
K = 1000


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("degrade.preset=foto", "degrade.preset in the command line: .*photo.*, got 'foto'"),
        ("degrade.mild.jpeg.qualty=[1, 2]", "unknown key degrade.*mean degrade.mild.jpeg.quality"),
        (
            "degrade.mild.jpeg.quality=[0, 2]",
            r"degrade.mild.jpeg in .*quality must lie in 1 \.\. 1",
        ),
        ("degrade={preset: photo, clean: many}", "degrade.clean in .* got 'many'"),
        ("valid.conditions=[jpeg-0]", "valid.conditions.0 in .*a condition must be clean"),
    ],
)
def test_messages(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(FOLDER / "hat-x2.yaml", [override])


def test_a_preset_stands_below_what_is_given() -> None:
    given = ["degrade.preset=photo", "degrade.clean=0.5", "degrade.mild.jpeg.quality=[40, 60]"]
    found = read_recipe(FOLDER / "hat-x2.yaml", given).degrade
    mild = replace(
        PRESETS["photo"].mild, jpeg=replace(PRESETS["photo"].mild.jpeg, quality=(40, 60))
    )
    assert found == replace(PRESETS["photo"], clean=0.5, mild=mild)
    assert read_recipe(FOLDER / "hat-x2.yaml").degrade is None
    assert read_recipe(FOLDER / "hat-x2.yaml", ["degrade={}"]).degrade == PRESETS["second-order"]


def test_degraded_lr_is_not_made_from_crops() -> None:
    with pytest.raises(RecipeError, match="lr_from must be 'picture' with degrade, got 'crop'"):
        read_recipe(FOLDER / "hat-x2.yaml", ["degrade.preset=photo", "data.lr_from=crop"])


def test_real_world_recipe_of_the_authors() -> None:
    recipe = read_recipe(FOLDER / "hat-real-x4.yaml")
    assert recipe.degrade == replace(PRESETS["second-order"], sharpen=True)
    assert (recipe.iterations, recipe.optim.learning_rate) == (1000 * K, 1e-4)
    assert (recipe.optim.milestones, recipe.data.patch) == ((), 64)
