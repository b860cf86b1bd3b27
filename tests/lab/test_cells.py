"""Cells: the recipes of their runs, and what wins where several say a key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hatsr.lab import Study, read_study
from hatsr.lab.cells import cells_of

Written = Callable[..., Path]


def staged(write_study: Written) -> Study:
    size = {
        "budget": {"steps": 6},
        "stages": {"first": {"iterations": 4, "optim": {"learning_rate": 1.0}}, "second": {}},
        "evaluate": {"data": ["Set5"]},
    }
    variants = {
        "both": {"stages": {"first": {"optim": {"learning_rate": 3.0}}, "second": {}}},
        "second alone": {"stages": {"second": {}}, "sizes": {"small": {"seed": 3}}},
    }
    return read_study(write_study(sizes={"small": size}, variants=variants, seeds=[7]))


def test_what_is_closer_to_the_run_wins(write_study: Written) -> None:
    both, alone = cells_of(staged(write_study), "small")
    assert (both.stages, alone.stages) == (("first", "second"), ("second",))
    first, second = (both.recipe(stage) for stage in both.stages)
    assert (first.iterations, second.iterations) == (4, 6)  # its own, the budget's
    assert (first.optim.learning_rate, second.optim.learning_rate) == (3.0, 1e-3)
    assert (first.name, first.seed, alone.recipe("second").seed) == ("first", 7, 7)
    start = both.recipe("second", start=Path("runs/first/last.safetensors")).start
    assert start.checkpoint == "runs/first/last.safetensors"


def test_a_size_must_be_the_studys(write_study: Written) -> None:
    with pytest.raises(ValueError, match="size of mini must be one of small, got 'full'"):
        cells_of(read_study(write_study()), "full")


def test_cells_come_seed_by_seed_and_lie_in_folders_of_their_own(write_study: Written) -> None:
    cells = cells_of(read_study(write_study()), "small")
    assert [str(cell.folder(Path("lab"))) for cell in cells] == [
        "lab/window-2/seed-0",
        "lab/window-4/seed-0",
        "lab/window-2/seed-1",
        "lab/window-4/seed-1",
    ]


def test_results_depend_on_the_recipe_and_not_on_where_it_stands(write_study: Written) -> None:
    first, again, faster, longer = (
        cells_of(read_study(write_study(), changes), "small")[0].document()
        for changes in (
            [],
            ["title=Other words", "source.says=less"],
            ["recipe.optim.learning_rate=1e-4"],
            ["sizes.small.budget.steps=7"],
        )
    )
    assert first["recipes"]["training"]["iterations"] == 6
    assert first["recipes"]["training"]["network"]["window_size"] == 2
    assert (first["budget"], first["threads"]) == ({"steps": 6, "minutes": None}, 1)
    about = [each["recipes"]["training"].pop("about") for each in (first, again)]
    assert about == ["Two windows: window 2", "Other words: window 2"]
    assert first == again
    assert faster["recipes"]["training"]["optim"] != first["recipes"]["training"]["optim"]
    assert longer["recipes"]["training"]["iterations"] == 7


def test_a_runs_length_is_the_budgets_unless_it_is_told(write_study: Written) -> None:
    cell, *_ = cells_of(read_study(write_study()), "small")
    assert cell.recipe("training").iterations == 6
    assert cell.recipe("training", steps=11).iterations == 11
