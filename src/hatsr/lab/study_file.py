"""Study files: YAML with recipes inside, found by name, read and checked to the last recipe."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hatsr.lab.cells import cells_of
from hatsr.lab.study import Study, Tree
from hatsr.lab.study_rows import orders_of, rows_of
from hatsr.training.recipe import RecipeError
from hatsr.training.recipe.checking import check_model
from hatsr.training.recipe.parsing import (
    Values,
    parse,
    read_overrides,
    read_text,
    values_of,
)


def shipped_studies() -> dict[str, Path]:
    """The studies of the package by name; in a checkout they are in the folder `studies`."""
    package = Path(__file__).parents[1]
    folders = (package / "studies", package.parents[1] / "studies")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_study(source: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read a study, and the recipe of every training run that it asks for.

    Args:
        source: a YAML file, or the name of a shipped study.
        overrides: `key=value` with dotted keys, as `seeds=[0,1]`; they win over the file.

    Raises:
        RecipeError: no such study, an unknown key or a value that breaks its rule; key and file
            are named.
    """
    path = _find(source)
    study = check_model(Study, read_overrides(overrides).over(_values(path)), "the study")
    for size in study.sizes:
        for cell in cells_of(study, size)[: len(study.variants)]:  # those of the first seed
            for stage in cell.stages:
                cell.recipe(stage, origin=str(path))
        orders_of(study, rows_of(study, size, {}))  # refuses claims about rows that are not there
    return study


def _find(source: str | Path) -> Path:
    if Path(source).is_file():
        return Path(source)
    shipped = shipped_studies()
    if str(source) not in shipped:
        raise RecipeError(
            f"a study must be a YAML file or one of {', '.join(shipped)}, got {str(source)!r}"
        )
    return shipped[str(source)]


def _values(path: Path) -> Values:
    """The values of a file, with what the recipes inside it include."""
    tree = parse(read_text(path), str(path))
    if not isinstance(tree, dict):
        raise RecipeError(f"{path} must hold keys and values, got {type(tree).__name__}")
    for holder, key in _recipes_in(tree):
        holder[key] = values_of(holder[key], path).tree
    return values_of(tree, path)


def _recipes_in(tree: Tree) -> list[tuple[Tree, str]]:
    """Every place in a study that has keys of a recipe: the mapping around it, and its key."""
    sizes, variants = _inside(tree.get("sizes")), _inside(tree.get("variants"))
    places = [(each, "recipe") for each in (tree, *sizes, *variants)]
    for each in (*sizes, *variants):
        for section in _inside({name: each.get(name) for name in ("stages", "sizes")}):
            places += [(section, key) for key in section]
    return [(holder, key) for holder, key in places if isinstance(holder.get(key), dict)]


def _inside(tree: Any) -> list[Tree]:
    """The mappings in a mapping, where it is one."""
    values: Iterable[Any] = tree.values() if isinstance(tree, dict) else ()
    return [each for each in values if isinstance(each, dict)]
