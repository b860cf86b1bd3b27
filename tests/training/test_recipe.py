"""Recipes: the paper's values, includes, overrides, and messages for what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.data.degrade import PRESETS
from hatsr.training.recipe import read_recipe, schema
from hatsr.training.recipe.reading import RecipeError, read_overrides

FOLDER = Path(__file__).parents[2] / "recipes"
FILES = sorted(FOLDER.glob("*.yaml"))
FINE = ("hat-t-x4-again", "hat-t-x2", "hat-t-x3", "hat-t-real-x4")
K = 1000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_committed_recipes_are_valid(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert f"-x{recipe.config.scale}" in path.stem
    assert recipe.optim.betas == (0.9, 0.99)
    assert recipe.optim.ema == 0.999
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
    assert recipe.config.drop_path == 0.1


def test_committed_schema_is_current() -> None:
    assert (FOLDER / "schema.json").read_text() == schema(), (
        "hatsr train --schema > recipes/schema.json"
    )


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text("iterations: 10\noptim: {clip: 1.0, learning_rte: 1e-4}\n")
    path = tmp_path / "run.yaml"
    path.write_text("include: [base.yaml]\nname: run\noptim: {clip: 2.0}\n")
    return path


def test_unknown_key_names_key_and_file(recipe_file: Path) -> None:
    with pytest.raises(
        RecipeError,
        match=r"unknown key optim.learning_rte in .*base.yaml; did you mean optim.learning_rate",
    ):
        read_recipe(recipe_file)


def test_later_values_win(recipe_file: Path) -> None:
    base = recipe_file.with_name("base.yaml")
    base.write_text("iterations: 10\noptim: {clip: 1.0, learning_rate: 1e-4}\n")
    recipe = read_recipe(recipe_file, ["iterations=20", "network.depths=[1, 2]"])
    assert (recipe.iterations, recipe.optim.clip, recipe.optim.learning_rate) == (20, 2.0, 1e-4)
    assert recipe.config.depths == (1, 2)


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
        ("degrade.preset=foto", "degrade.preset in the command line: .*photo.*, got 'foto'"),
        ("degrade.mild.jpeg.qualty=[1, 2]", "unknown key degrade.*mean degrade.mild.jpeg.quality"),
        (
            "degrade.mild.jpeg.quality=[0, 2]",
            r"degrade.mild.jpeg in .*quality must lie in 1 \.\. 1",
        ),
        ("degrade={preset: photo, clean: many}", "degrade.clean in .* got 'many'"),
        ("valid.conditions=[jpeg-0]", "valid.conditions.0 in .*a condition must be clean"),
        ("iterations", "must be key=value, got 'iterations'"),
        ("name=[", "the command line must be YAML"),
        *(
            (f"name={name!r}", "name in the command line: must be letters, digits, .* got ")
            for name in ("", ".", "..", "../x", "/abs", "a/b", "a\\b", ".hidden", "a b", "_")
        ),
        *(
            (f"{key}=''", f"{key} in the command line: must be a path; leave the key out .* got ''")
            for key in ("valid.data", "valid.data_lr", "data.train_lr", "start.checkpoint")
        ),
        ("data.train=['']", r"data\.train\.0 in the command line: must be a path"),
    ],
)
def test_messages(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(FOLDER / "hat-x2.yaml", [override])


@pytest.mark.parametrize("name", ["hat-x2", "1.5_b", "größe", "a.old0"])
def test_run_names(name: str) -> None:
    assert read_recipe(FOLDER / "hat-x2.yaml", [f"name={name}"]).name == name


def test_a_share_of_a_manifest_is_refused() -> None:
    given = ["data.train=[a/manifest.json]", "valid.share=0.1"]
    assert read_recipe(FOLDER / "hat-x2.yaml", given).valid.data  # the folder wins
    with pytest.raises(RecipeError, match=r"share must be 0 with a manifest, got 0\.1"):
        read_recipe(FOLDER / "hat-x2.yaml", [*given, "valid.data=null"])


@pytest.mark.parametrize("more", ["tasks=[{scale: 1, noise: 15.0}]", "data.train_lr=lr"])
def test_scale_one_may_restore(more: str) -> None:
    recipe = read_recipe(FOLDER / "hat-x2.yaml", ["network.scale=1", more])
    assert recipe.config.scale == 1


def test_file_messages(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    with pytest.raises(RecipeError, match=r"must be a YAML file, got .*loop.yaml"):
        read_recipe(path)
    path.write_text("include: [loop.yaml]\n")
    with pytest.raises(RecipeError, match="must not include itself"):
        read_recipe(path)
    path.write_text("name: a\nname: b\n")
    with pytest.raises(RecipeError, match="once, got name twice"):
        read_recipe(path)
    path.write_text("- a\n")
    with pytest.raises(RecipeError, match="must hold keys and values, got list"):
        read_recipe(path)
    path.write_text("iterations: 5\n")
    with pytest.raises(RecipeError, match="name must be given"):
        read_recipe(path)


@pytest.mark.parametrize(("encoding", "byte"), [("utf-16", "0xff at 0"), ("latin-1", "0xf6 at 8")])
@pytest.mark.parametrize("name", ["run.yaml", "base.yaml"])
def test_another_encoding_names_the_file(
    recipe_file: Path, name: str, encoding: str, byte: str
) -> None:
    recipe_file.with_name(name).write_text("about: Hörbuch\n", encoding=encoding)
    with pytest.raises(RecipeError, match=f"{name} must be UTF-8 text, got the byte {byte}; save"):
        read_recipe(recipe_file)


def test_a_byte_order_mark_is_no_obstacle(recipe_file: Path) -> None:
    text = recipe_file.read_text().replace("include: [base.yaml]\n", "about: Hörbuch\n")
    recipe_file.write_text(text, encoding="utf-8-sig")
    assert read_recipe(recipe_file).about == "Hörbuch"


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


def test_numbers_without_a_point() -> None:
    assert read_overrides(["a.b=2e-4"]).tree == {"a": {"b": 2e-4}}


def test_words_and_dates_are_text() -> None:
    given = ["a=no", "b=on", "c=2024-01-31", "d=true", "e=False"]
    wanted = {"a": "no", "b": "on", "c": "2024-01-31", "d": True, "e": False}
    assert read_overrides(given).tree == wanted
    given = ["precision=no", "name=2024-01-31"]
    assert read_recipe(FOLDER / "hat-x2.yaml", given).name == "2024-01-31"
