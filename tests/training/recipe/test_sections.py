"""The sections of a recipe: defaults, and what each value may be."""

from pathlib import Path

import pytest

from hatsr.training.recipe import read_recipe
from hatsr.training.recipe.parsing import RecipeError
from hatsr.training.recipe.sections import DataRecipe, OptimRecipe

FOLDER = Path(__file__).parents[3] / "recipes"


def test_the_defaults_are_the_papers() -> None:
    """Section 4.1, and the authors' option file for what it leaves open."""
    optim, data = OptimRecipe(), DataRecipe()
    assert (optim.loss, optim.optimizer, optim.betas) == ("l1", "adam", (0.9, 0.99))
    assert (optim.learning_rate, optim.schedule, optim.factor) == (2e-4, "multistep", 0.5)
    assert (optim.weight_decay, optim.ema, optim.clip, optim.warmup) == (0, 0.999, None, 0)
    assert (data.patch, data.batch, data.augment) == (64, 32, True)


@pytest.mark.parametrize("name", ["hat-x2", "1.5_b", "größe", "a.old0"])
def test_run_names(name: str) -> None:
    assert read_recipe(FOLDER / "hat-x2.yaml", [f"name={name}"]).name == name


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("name=null", "name in the command line: must be a valid string, got None"),
        *(
            (f"name={name!r}", "name in the command line: must be letters, digits, .* got ")
            for name in ("", ".", "..", "../x", "/abs", "a/b", "a\\b", ".hidden", "a b", "_")
        ),
        *(
            (f"{key}=''", f"{key} in the command line: must be a path; leave the key out .* got ''")
            for key in ("valid.data", "valid.data_lr", "data.train_lr", "start.checkpoint")
        ),
        ("data.train=['']", r"data\.train\.0 in the command line: must be a path"),
        ("data.candidates=8", "data.candidates in .* less than or equal to 7, got 8"),
        ("data.workers=-1", "data.workers in .* greater than or equal to 0, got -1"),
        ("valid.share=1", "valid.share in .* less than 1, got 1"),
        ("optim.betas=[0.9, 1.0]", r"optim.betas.1 in .* less than 1, got 1\.0"),
        ("optim.factor=0", "optim.factor in .* greater than 0, got 0"),
        ("optim.clip=0", "optim.clip in .* greater than 0, got 0"),
        ("optim.loss=l3", "optim.loss in .* got 'l3'"),
        ("save.keep=1", "save.keep in .* greater than or equal to 2, got 1"),
    ],
)
def test_messages(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(FOLDER / "hat-x2.yaml", [override])


@pytest.mark.parametrize(
    ("train", "manifest"),
    [
        (("a",), False),
        (("a/manifest.json",), True),
        (("https://example.org/a/manifest.json",), True),
        (("a/manifest.json", "b"), False),
    ],
)
def test_one_manifest_alone_is_of_shards(train: tuple[str, ...], manifest: bool) -> None:
    assert DataRecipe(train=train).is_manifest is manifest
