"""The studies that are shipped, and study files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hatsr.checkpoint import make_network
from hatsr.evaluation.paper.published import smaller_table
from hatsr.lab import Study, read_study, shipped_studies
from hatsr.lab.cells import Cell, cells_of
from hatsr.training import RecipeError

Written = Callable[..., Path]
SHIPPED = sorted(shipped_studies())


def test_every_table_and_figure_has_its_study() -> None:
    assert set(SHIPPED) == {
        "window-size", "ocab-cab", "channel-attention", "alpha", "gamma", "beta", "equal-size",
        "pre-training", "networks-pre-training", "di-ablations", "di-networks", "blocking",
    }  # fmt: skip


def parameters_in_millions(cell: Cell) -> float:
    with torch.device("meta"):
        network = make_network(cell.recipe(cell.stages[-1]).config)
    return sum(p.numel() for p in network.parameters()) / 1e6


@pytest.mark.parametrize("name", SHIPPED)
def test_every_variant_can_be_built(name: str) -> None:
    study = read_study(name)
    assert study.name == name
    assert set(study.sizes) == {"small", "full"}
    assert len(study.seeds) >= 3
    for variant in study.variants:
        small, full = (
            Cell(study=study, size=size, variant=variant, seed=0) for size in ("small", "full")
        )
        for stage in small.stages:
            assert small.recipe(stage).iterations <= 500
            assert full.recipe(stage).iterations >= 250_000
        assert parameters_in_millions(small) < 0.5
        quoted = study.published(variant, full.stages[-1], is_last=True).get("parameters, M")
        assert quoted is None or parameters_in_millions(full) == pytest.approx(quoted, abs=0.051)


PAPER = {
    "window-size": (1, "Urban100"),
    "ocab-cab": (2, "PSNR"),
    "channel-attention": (3, "PSNR / SSIM"),
    "alpha": (4, "PSNR"),
    "gamma": (5, "PSNR"),
    "beta": (10, "PSNR"),
    "equal-size": (11, "PSNR"),
}


def published(number: int) -> list[float]:
    """The value of each row on Urban100, from the table that evaluation has."""
    table = smaller_table(number)
    column = "Urban100" if "Urban100" in table.columns else "PSNR"
    at = table.columns.index(column) if column in table.columns else 1
    return [float(row[at]) for row in table.rows]


@pytest.mark.parametrize("name", PAPER)
def test_the_paper_is_quoted_exactly(name: str) -> None:
    study = read_study(name)
    values = [study.published(each, "training", is_last=True) for each in study.variants]
    assert [each["Urban100"] for each in values] == published(PAPER[name][0])


def test_costs_and_other_sets_are_quoted_exactly() -> None:
    for name, number in (("ocab-cab", 9), ("beta", 10), ("equal-size", 11), ("window-size", 8)):
        study = read_study(name)
        quoted = [study.variants[each].paper for each in study.variants]
        rows = [(each["parameters, M"], each["multiply-adds, G"]) for each in quoted]
        assert rows == [(row[1], row[2]) for row in smaller_table(number).rows]
    first = [list(each.paper.values())[:5] for each in read_study("window-size").variants.values()]
    assert first == [list(row[1:]) for row in smaller_table(1).rows]
    stages = read_study("pre-training")
    for strategy, stage, *values in smaller_table(7).rows:
        found = stages.published(str(strategy), str(stage), is_last=False)
        assert list(found.values()) == values


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
