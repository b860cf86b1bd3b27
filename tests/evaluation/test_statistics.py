import numpy as np
import pytest
from scipy import stats

from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, Score, SetResult
from hatsr.evaluation.statistics import ALL, differences, student_quantile


def result(model: str, **sets: list) -> BenchmarkResult:
    def score(data: str, index: int, psnr: float) -> Score:
        return Score(
            data=data,
            picture=str(index),
            hr="0",
            psnr=psnr,
            ssim=psnr / 100,
            psnr_rgb=psnr,
            ssim_rgb=0.5,
        )

    results = tuple(
        SetResult(
            name=data, scores=tuple(score(data, i, p) for i, p in enumerate(map(float, values)))
        )
        for data, values in sets.items()
    )
    return BenchmarkResult(model=model, rules=EvaluationSettings(scale=4), sets=results)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 18, 99, 400])
def test_student_quantiles_are_scipys(freedom):
    for probability in (0.6, 0.9, 0.975, 0.995):
        expected = stats.t.ppf(probability, freedom)
        assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-9)


def test_the_interval_is_that_of_a_paired_t_test():
    rng = np.random.default_rng(0)
    a, gaps = rng.normal(30, 3, 14), rng.normal(0.2, 0.1, 14)
    found = differences(result("a", Set14=list(a)), result("b", Set14=list(a + gaps)))
    expected = stats.ttest_rel(a + gaps, a).confidence_interval(0.95)
    assert (found[0].low, found[0].high) == pytest.approx((expected.low, expected.high))
    assert found[0].wins == int((gaps > 0).sum())
    assert found[0].verdict == "better"


def test_sets_and_all_pictures():
    found = differences(
        result("a", Set5=[30, 31, 32], mine=[25, 26]),
        result("b", Set5=[30.1, 31.1, 32.2], mine=[24, 24.9]),
    )
    assert [(each.data, each.n, each.verdict) for each in found] == [
        ("Set5", 3, "noise"),
        ("mine", 2, "worse"),
        (ALL, 5, "noise"),
    ]


def test_two_hundredths_on_a_handful_of_pictures_are_noise():
    rng = np.random.default_rng(3)
    a = rng.normal(30, 3, 5)
    gaps = np.array([0.3, -0.2, 0.1, -0.15, 0.05])
    (found,) = differences(result("a", Set5=list(a)), result("b", Set5=list(a + gaps)))
    assert found.mean == pytest.approx(0.02)
    assert found.verdict == "noise"


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        gaps = rng.normal(0.1, 0.2, 8)
        (found,) = differences(result("a", x=[0.0] * 8), result("b", x=list(gaps)))
        held += found.low <= 0.1 <= found.high
    assert 0.92 < held / 400 < 0.98


def test_only_shared_finite_pictures_count():
    a, b = result("a", Set5=[30, 31, float("inf"), 33]), result("b", Set5=[31, 32, 33])
    (found,) = differences(a, b)
    assert found.n == 2
    assert differences(a, a, "ssim")[0].verdict == "equal"
    (alone,) = differences(result("a", x=[1.0]), result("b", x=[2.0]))
    assert alone.verdict == "too few pictures"
    assert differences(result("a", Set5=[30]), result("b", Set14=[30])) == []


def test_a_bad_probability():
    with pytest.raises(ValueError, match=r"probability must be in \(0.5, 1\)"):
        student_quantile(1.0, 3)
