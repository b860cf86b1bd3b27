"""Study files: found, read, and what is wrong in them named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hatsr.lab import read_study
from hatsr.lab.cells import cells_of
from hatsr.training import RecipeError

Written = Callable[..., Path]


def change(name: str, **keys: Any) -> dict[str, Any]:
    return {"variants": {name: keys, "other": {}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": [0]}, r"unknown key seed in .*mini.yaml; did you mean seeds\?"),
        ({"seeds": [0, 0]}, r"seeds must be different, got \[0, 0\]"),
        ({"seeds": []}, "seeds in .*mini.yaml"),
        (change("a", paper={"Urban100": "?"}), "variants.a.paper.Urban100.* in .*mini.yaml"),
        (change("a", recip={}), "unknown key variants.a.recip in .*mini.yaml; did you mean"),
        (
            change("a", recipe={"network": {"window": 8}}),
            r"unknown key network.window in .*mini.yaml, a, training; did you mean",
        ),
        (change("a", recipe={"netwrok": {}}), "unknown key netwrok in .*mini.yaml, a, training"),
        (change("a", sizes={"big": {}}), "sizes of a must be the study's, got big"),
        (change("a", stages={"last": {}}), "stages of a must be of size small, got last"),
        (change("a", paper={"x": {"Set5": 1.0}}), "paper of a must be by the study's stages"),
        ({"variants": {"a b": {}, "a-b": {}}}, "variants must differ in letters and digits"),
        (
            {"claims": [{"more": "window 4", "less": "c"}]},
            "claims of mini must name rows .*, got c",
        ),
        (
            {"sizes": {"small": {"budget": {"steps": 1, "minutes": 1}}}},
            "budget must be steps or minutes, got both",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_file(
    changes: dict[str, Any], message: str, write_study: Written
) -> None:
    with pytest.raises(ValueError, match=message):
        read_study(write_study(**changes))


def test_an_unknown_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"a study must be a YAML file or one of .*, got 'table-1'"
    ):
        read_study("table-1")
    path = tmp_path / "list.yaml"
    path.write_text("[1]")
    with pytest.raises(RecipeError, match="must hold keys and values, got list"):
        read_study(path)


def test_overrides_win(write_study: Written) -> None:
    study = read_study(write_study(), ["seeds=[5]", "sizes.small.budget.steps=9"])
    (cell, _) = cells_of(study, "small")
    assert (cell.seed, cell.recipe("training").iterations) == (5, 9)


def test_recipes_inside_a_study_may_include_files(write_study: Written, tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("optim: {learning_rate: 0.5}\n", encoding="utf-8")
    included = {"include": [str(base)]}
    variants = {"plain": {}, "included": {"recipe": {**included, "optim": {"ema": 0.5}}}}
    by_variant = read_study(write_study(variants=variants))
    rates = [cell.recipe("training").optim for cell in cells_of(by_variant, "small")[:2]]
    assert [(each.learning_rate, each.ema) for each in rates] == [(1e-3, 0.9), (0.5, 0.5)]
    stages = {"small": {"stages": {"only": {**included, "iterations": 2}}}}
    by_stage = read_study(write_study(sizes=stages))
    assert cells_of(by_stage, "small")[0].recipe("only").optim.learning_rate == 0.5
    base.write_text("optim: {learning_rat: 0.5}\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"unknown key optim\.learning_rat"):
        read_study(write_study(variants=variants))
