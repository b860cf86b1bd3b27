"""What results of cells become: rows, means over seeds, one curve over all stages."""

from dataclasses import replace
from typing import Any

import pytest
from tiny_study import STUDY, row

from hatsr.lab.study import Claim, PaperPlace, Study, StudySize, Variant
from hatsr.lab.study_rows import curve_of_variant, orders_of, rows_of, spread

STAGED = Study(
    name="staged",
    title="Staged",
    source=PaperPlace(place="Table 7", column="Set5", says="more"),
    seeds=(2, 1),
    sizes={"small": StudySize(stages={"first": {}, "second": {}})},
    variants={
        "both": Variant(paper={"first": {"Set5": 31.0}, "second": {"Set5": 32.0}}),
        "alone": Variant(stages={"second": {}}, paper={"Set5": 31.5}),
    },
)


def cell(**stages: float) -> dict[str, Any]:
    """A cell's results: PSNR after each stage."""
    found = {name: {"psnr": {"x": psnr}} for name, psnr in stages.items()}
    return {"stages": found, "environment": {"processor": "A"}}


def test_rows_stand_in_the_order_of_the_study_measured_or_not() -> None:
    cells = {
        ("both", 1): cell(first=20.0, second=21.0),
        ("both", 2): cell(first=30.0, second=31.0),
        ("alone", 7): cell(second=1.0),  # a seed that the study has no more
    }
    rows = rows_of(STAGED, "small", cells)
    assert [(each.name, each.is_last, each.paper) for each in rows] == [
        ("both, after first", False, {"Set5": 31.0}),
        ("both", True, {"Set5": 32.0}),
        ("alone", True, {"Set5": 31.5}),
    ]
    assert rows[0].values("psnr") == {2: {"x": 30.0}, 1: {"x": 20.0}}
    assert rows[1].means("psnr") == [31.0, 21.0]
    assert (rows[2].by_seed, rows[2].machines) == ({}, ())


def test_orders_are_of_published_numbers_and_then_of_claims() -> None:
    claimed = STAGED.model_copy(update={"claims": (Claim(more="alone", less="both"),)})
    orders = [each.order for each in orders_of(claimed, rows_of(claimed, "small", {}))]
    assert [(each.more, each.less, each.difference) for each in orders] == [
        ("both", "both, after first", pytest.approx(1.0)),
        ("alone", "both, after first", pytest.approx(0.5)),
        ("both", "alone", pytest.approx(0.5)),
        ("alone", "both", None),
    ]


def test_without_a_column_numbers_are_no_orders() -> None:
    assert orders_of(STUDY, (row("a", 20.0), row("b", 21.0))) == []


def test_a_claim_about_a_difference_names_both_rows() -> None:
    claimed = STUDY.model_copy(update={"claims": (Claim(more=("a", "d"), less="b"),)})
    with pytest.raises(ValueError, match=r"claims of three must name rows \(a, b, c\), got d"):
        orders_of(claimed, (row("a"), row("b"), row("c")))


def test_costs_are_means_over_the_seeds_that_know_them() -> None:
    first = row("a", 20.0)
    cells = {4: first.by_seed[4] | {"steps": 10, "training_seconds": 4.0, "forward_bytes": None}}
    cells[5] = {"steps": 20, "training_seconds": 2.0, "forward_bytes": 7, "psnr": {}}
    known = replace(first, by_seed=cells)
    assert (known.number("steps"), known.number("forward_bytes")) == (15.0, 7.0)
    assert known.number("parameters") is None
    assert known.step_seconds() == pytest.approx(3.0 / 15.0)
    assert known.means("psnr") == [20.0]  # a seed without pictures has no mean
    assert row("b").step_seconds() is None


def test_one_seed_has_no_spread() -> None:
    assert spread([3.0]) is None
    assert spread([1.0, 2.0, 4.0]) == pytest.approx((7 / 3) ** 0.5)


def test_a_curve_goes_on_over_the_stages_where_all_seeds_have_a_point() -> None:
    first, second = rows_of(STAGED, "small", {("both", 1): cell(first=1.0, second=1.0)})[:2]
    one = {"curve": [(0, 20.0), (4, 24.0)], "steps": 5}
    two = {"curve": [(0, 22.0), (2, 23.0), (4, 25.0)], "steps": 6}
    first = replace(first, by_seed={1: one, 2: two})
    second = replace(second, by_seed={1: {"curve": [(0, 26.0), (3, 27.0)], "steps": 3}})
    assert curve_of_variant((first, second), "both") == [(0, 21), (4, 24.5), (6, 26), (9, 27)]
    assert curve_of_variant((first, second), "alone") == []
