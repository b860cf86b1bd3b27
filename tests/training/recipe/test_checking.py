"""Messages name the key and the file."""

from pathlib import Path

import pytest

from hatsr.training.recipe import read_recipe, schema
from hatsr.training.recipe.parsing import RecipeError

FOLDER = Path(__file__).parents[3] / "recipes"


def test_committed_schema_is_current() -> None:
    assert (FOLDER / "schema.json").read_text() == schema(), (
        "hatsr train --schema > recipes/schema.json"
    )


def test_unknown_key_names_key_and_file(recipe_file: Path) -> None:
    with pytest.raises(
        RecipeError,
        match=r"unknown key optim.learning_rte in .*base.yaml; did you mean optim.learning_rate",
    ):
        read_recipe(recipe_file)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("iteratons=5", "unknown key iteratons in the command line; did you mean iterations"),
        ("data.stagse=[]", "unknown key data.stagse .*; did you mean data.stages"),
        ("tasks=[{scale: 2, nois: 1.0}]", r"unknown key tasks\.0\.nois .* mean tasks\.0\.noise"),
        ("data.stages=[{strat: 1}]", r"key data\.stages\.0\.strat .* mean data\.stages\.0\.start"),
        ("iterations.more=1", "iterations in .* the command line: .* valid integer"),
        ("tasks=[{scale: 0}]", r"^tasks\.0 in the command line: scale must be at least 1, got 0$"),
        ("tasks=[{scale: 2, noise: -1.0}]", r"noise must be at least 0, got -1\.0$"),
        ("data.stages=[{start: -1, patch: 1, batch: 1}]", "start must be at least 0, got -1"),
        ("data.stages=[{start: 1, patch: 0, batch: 1}]", "must be at least 1, got 0 and 1"),
        ("data.stages=[{start: 0, patch: 1, batch: 1}]", r"at rising iterations, got \[0, 0\]"),
        ("network.windw_size=8", "unknown key .*; did you mean network.window_size"),
        ("network.window=8", "unknown key network.window in the command line"),
        ("iterations=many", "iterations in the command line: .* got 'many'"),
        ("iterations=-1", "iterations in the command line: .* greater than 0, got -1"),
        ("network.preset=hot", "preset must be one of"),
        ("optim.milestones=[9000000]", "milestones must lie below iterations"),
        ("tasks=[{scale: 3}]", "the first task must have the network's scale 2"),
        ("start.interpolate=true", "start.interpolate must be false"),
        ("network.channels=1", "channels must be 3 for training, got 1"),
        ("network.scale=1", r"scale 1 must come with noise \(in tasks\) or with data.train_lr"),
        ("tasks=[{scale: 2}, {scale: 1}]", "scale 1 must come with noise"),
        ("data={lr_from: crop, train_lr: lr}", "train_lr must go with a folder and lr_from"),
        ("data={train: [a/manifest.json], train_lr: lr}", "train_lr must go with a folder"),
        ("iterations", "must be key=value, got 'iterations'"),
        ("name=[", "the command line must be YAML"),
        ("name=", r"name must be given a value, got 'name='; give null for none"),
        ("valid.data= ", "valid.data must be given a value, got 'valid.data= '"),
    ],
)
def test_messages(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(FOLDER / "hat-x2.yaml", [override])
