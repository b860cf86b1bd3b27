"""Recipe files: includes, overrides, encodings, and what YAML means."""

from dataclasses import asdict
from pathlib import Path

import pytest

from hatsr.training.recipe import read_recipe
from hatsr.training.recipe.parsing import RecipeError, read_overrides

FOLDER = Path(__file__).parents[3] / "recipes"


def test_later_values_win(recipe_file: Path) -> None:
    base = recipe_file.with_name("base.yaml")
    base.write_text("iterations: 10\noptim: {clip: 1.0, learning_rate: 1e-4}\n")
    recipe = read_recipe(recipe_file, ["iterations=20", "network.depths=[1, 2]"])
    assert (recipe.iterations, recipe.optim.clip, recipe.optim.learning_rate) == (20, 2.0, 1e-4)
    assert asdict(recipe.config)["depths"] == (1, 2)


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


def test_numbers_without_a_point() -> None:
    assert read_overrides(["a.b=2e-4"]).tree == {"a": {"b": 2e-4}}


def test_words_and_dates_are_text() -> None:
    given = ["a=no", "b=on", "c=2024-01-31", "d=true", "e=False"]
    wanted = {"a": "no", "b": "on", "c": "2024-01-31", "d": True, "e": False}
    assert read_overrides(given).tree == wanted
    given = ["precision=no", "name=2024-01-31"]
    assert read_recipe(FOLDER / "hat-x2.yaml", given).name == "2024-01-31"
