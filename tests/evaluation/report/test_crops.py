import numpy as np
import pytest

from hatsr.evaluation.benchmark_pairs import BenchmarkPair, Codes
from hatsr.evaluation.report.crops import CropCollector, extremes, heat, squared_error


@pytest.fixture
def crops() -> CropCollector:
    return CropCollector("bicubic", 2)


def a_pair(hr: Codes, name: str = "p") -> BenchmarkPair:
    return BenchmarkPair(
        data="s",
        name=name,
        file=name,
        hr=hr,
        lr=hr[::2, ::2].copy(),
        gray=False,
        hr_digest="0",
        lr_digest="",
        others=frozenset(),
    )


def test_the_place_with_the_largest_difference_is_found():
    rng = np.random.default_rng(0)
    hr = rng.integers(60, 200, (120, 150, 3)).astype(np.uint8)
    a, b = hr.copy(), hr.copy()
    a[30:60, 80:110] += 40
    b[90:100, 20:30] += 20
    gain, loss = extremes(a_pair(hr), squared_error(a, hr) - squared_error(b, hr), 2)
    assert gain.gain > 0 > loss.gain
    assert gain.top <= 30 < 60 <= gain.top + gain.side
    assert gain.left <= 80 < 110 <= gain.left + gain.side
    assert loss.top <= 90 < 100 <= loss.top + loss.side
    assert gain.cut(hr).shape == (48, 48, 3)


def test_equal_pictures_have_no_place(crops):
    hr = np.zeros((60, 60, 3), np.uint8)
    for each in (hr, hr[:8, :8]):
        crops.add(a_pair(each), {"bicubic": each, "b": each})
        assert crops.strips("b") == []


def test_the_largest_gains_and_losses_are_held(crops):
    hr = np.full((60, 60, 3), 100, np.uint8)
    for name, error in zip("abcdefgh", (3, -1, 8, -5, 1, 9, -7, 2), strict=True):
        worse, better = hr + np.uint8(20), hr + np.uint8(20 - error)
        crops.add(a_pair(hr, name), {"bicubic": worse, "m": better})
    assert [strip.crop.picture for strip in crops.strips("m")] == [
        "f",
        "c",
        "a",
        "h",
        "e",
        "g",
        "d",
    ]
    first = crops.strips("m")[0]
    assert (first.made["m"] == 111).all()
    assert list(first.made) == ["bicubic", "m"]
    crops.add(a_pair(hr, "z"), {"m": hr})  # the baseline failed
    assert len(crops.strips("m")) == 7


def test_bicubic_is_shown_beside_any_two_models():
    crops = CropCollector("a", 2)
    rng = np.random.default_rng(0)
    hr = rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)
    crops.add(a_pair(hr), {"a": hr // 2, "b": hr})
    assert list(crops.strips("b")[0].made) == ["bicubic", "a", "b"]


def test_heat_runs_from_black_to_pale():
    colours = heat(np.array([[0.0, 5.0, 10.0, 99.0]]), 10.0)
    assert colours[0, 0].sum() < 10
    assert colours[0, 1].tolist() == [188, 55, 84]
    assert (colours[0, 2] == colours[0, 3]).all()
