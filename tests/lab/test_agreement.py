from math import floor, sqrt

import numpy as np
import pytest
from scipy import stats

from hatsr.lab.agreement import (
    OrderFinding,
    PublishedOrder,
    find_order,
    gap_of,
    overall,
    published_orders,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 7), (4, 1)])
def test_along_one_axis_it_is_the_paired_t_test(shape: tuple[int, int]) -> None:
    gaps = RNG.normal(0.3, 1.0, shape)
    found, known = gap_of(gaps), stats.ttest_1samp(gaps.ravel(), 0.0)
    chance = float(known.pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    low, high = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert found.confidence == pytest.approx(1 - chance, rel=1e-9)
    assert found.is_sure == (chance < 0.05)


def test_seeds_and_pictures_both_count() -> None:
    gaps = RNG.normal(0.2, 0.5, (3, 9)) + RNG.normal(0, 0.3, (3, 1)) + RNG.normal(0, 0.4, (1, 9))
    by_seed, by_picture = gaps.mean(1), gaps.mean(0)
    a, b = by_seed.var(ddof=1) / 3, by_picture.var(ddof=1) / 9
    freedom = floor((a + b) ** 2 / (a**2 / 2 + b**2 / 8))
    reach = stats.t.ppf(0.975, freedom) * sqrt(a + b)
    found = gap_of(gaps)
    assert found.high - found.mean == pytest.approx(reach, rel=1e-9)
    assert found.mean == pytest.approx(gaps.mean())
    assert (found.seeds, found.pictures) == (3, 9)


@pytest.mark.parametrize("spread", [(1.0, 0.0), (0.3, 1.0)])
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(
    spread: tuple[float, float],
) -> None:
    rng, seed, picture = np.random.default_rng(1), *spread
    hits = 0
    for _ in range(150):
        gaps = seed * rng.normal(size=(3, 1)) + picture * rng.normal(size=(1, 12))
        hits += not gap_of(gaps + rng.normal(size=(3, 12))).is_sure
    assert 0.89 < hits / 150 < 1


def test_what_does_not_vary_is_sure_unless_it_is_nothing() -> None:
    same, nothing = gap_of(np.full((2, 3), 0.5)), gap_of(np.zeros((2, 3)))
    assert (same.low, same.high, same.is_sure, same.confidence) == (0.5, 0.5, True, 1.0)
    assert not nothing.is_sure
    with pytest.raises(ValueError, match="a gap must be of at least two differences, got 1"):
        gap_of(np.zeros((1, 1)))


def test_every_two_published_values_that_differ_are_an_order() -> None:
    found = published_orders({"a": 27.91, "b": 27.81, "c": 27.91})
    assert [(each.more, each.less, each.difference) for each in found] == [
        ("a", "b", 0.1),
        ("c", "b", 0.1),
    ]


def rows(**means: float) -> dict[str, dict[int, dict[str, float]]]:
    """Two seeds and three pictures around a mean."""
    shifts = {0: {"x": -0.1, "y": 0.0, "z": 0.1}, 1: {"x": -0.11, "y": 0.01, "z": 0.1}}
    return {
        name: {s: {p: mean + shift for p, shift in each.items()} for s, each in shifts.items()}
        for name, mean in means.items()
    }


def test_an_order_is_of_paired_differences() -> None:
    found = find_order(PublishedOrder(more="a", less="b"), rows(a=2.0, b=1.5))
    assert found.gap is not None
    assert found.gap.mean == pytest.approx(0.5)
    assert found.gap.confidence > 0.99  # the pictures' own differences cancel
    assert found.verdict == "as in the paper, sure"
    assert find_order(PublishedOrder(more="b", less="a"), rows(a=2.0, b=1.5)).agrees is False


def test_gains_can_be_compared() -> None:
    order = PublishedOrder(more=("a", "b"), less=("c", "d"))
    found = find_order(order, rows(a=3.0, b=1.0, c=5.0, d=4.0))
    assert order.words() == "(a) - (b) > (c) - (d)"
    assert found.gap is not None
    assert found.gap.mean == pytest.approx(1.0)


def test_only_shared_seeds_and_pictures_count() -> None:
    values = rows(a=2.0, b=1.5)
    del values["a"][1], values["b"][0]["z"]
    found = find_order(PublishedOrder(more="a", less="b"), values)
    assert found.gap is not None
    assert (found.gap.seeds, found.gap.pictures) == (1, 2)
    assert found.verdict == "as in the paper, sure, of one seed alone"
    del values["a"][0]
    assert find_order(PublishedOrder(more="a", less="b"), values).verdict == "not measured"


def test_all_orders_together() -> None:
    order, rng = PublishedOrder(more="a", less="b"), np.random.default_rng(2)
    gaps = [gap_of(rng.normal(mean, 0.1, (3, 9))) for mean in (1.0, -1.0)]
    findings = [OrderFinding(order=order, gap=gap) for gap in (*gaps, None)]
    assert overall(findings, "PSNR") == (
        "By PSNR, 1 of 2 orders came out as in the paper (1 of these surely), 1 the other way "
        "round (1 surely). 1 more cannot be told yet."
    )
    assert overall(findings[:1], "PSNR") == "By PSNR, the order came out: as in the paper, sure."
    single = [OrderFinding(order=order, gap=gap_of(rng.normal(1.0, 0.1, (1, 9))))] * 2
    assert overall(single, "PSNR").endswith(" Nothing is known of other seeds: there is one alone.")
    assert overall(findings[2:], "PSNR") == "Nothing can be said of the order yet."
