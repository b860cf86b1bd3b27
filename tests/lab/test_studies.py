"""The studies that are shipped, and study files."""

import pytest
import torch

from hatsr.checkpoint import make_network
from hatsr.evaluation.paper.published import smaller_table
from hatsr.lab import read_study, shipped_studies
from hatsr.lab.cells import Cell

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
