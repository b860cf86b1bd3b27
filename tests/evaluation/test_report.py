import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hatsr.evaluation.benchmark import Benchmark
from hatsr.evaluation.candidates import Bicubic, Network
from hatsr.evaluation.evaluate import folder_of
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.pairs import Codes, Pair
from hatsr.evaluation.report.charts import axis
from hatsr.evaluation.report.crops import CropCollector, extremes, heat, squared_error
from hatsr.evaluation.report.html import Report
from hatsr.evaluation.report.remarks import remarks
from hatsr.evaluation.results import Result, Rules, SetResult
from hatsr.evaluation.sets.folders import open_set
from hatsr.evaluation.statistics import compare_results
from hatsr.image import read


class Balance(HTMLParser):
    """Every tag that opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def measure(folder, candidates, crops: CropCollector) -> list[Result]:
    rules = Rules(scale=2)
    measurements = [Measurement(each, rules) for each in candidates]
    return Benchmark(measurements, watcher=crops.add).run([open_set(str(folder), rules)])


@pytest.fixture
def crops() -> CropCollector:
    return CropCollector("bicubic", 2)


@pytest.fixture
def results(folder, model, crops) -> list[Result]:
    return measure(folder, [Bicubic(2), Network(model)], crops)


def page(results: list[Result], crops: CropCollector) -> str:
    comparisons = compare_results(results)
    said = tuple(remarks(results, comparisons))
    return Report(results=tuple(results), comparisons=comparisons, crops=crops, remarks=said).html()


def test_the_page_stands_alone_and_is_well_formed(folder, model, crops):
    model.name = "a <model> & more"
    text = page(measure(folder, [Bicubic(2), Network(model)], crops), crops)
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    assert parser.sources
    assert all(source.startswith("data:image/") for source in parser.sources)
    assert "<script" not in text
    assert "a &lt;model&gt; &amp; more" in text
    assert "<model>" not in text
    assert 'name="viewport"' in text


def test_the_crops_hold_what_they_say(folder, results, crops):
    images = re.findall(r'src="data:image/png;base64,([^"]+)" alt="HR"', page(results, crops))
    hr = [np.rint(read(path).rgb * 255).astype(np.uint8) for path in (folder / "HR").iterdir()]
    for image in images:
        crop = np.rint(read(b64decode(image)).rgb * 255).astype(np.uint8)
        windows = (
            np.lib.stride_tricks.sliding_window_view(x, crop.shape).reshape(-1, *crop.shape)
            for x in hr
            if min(x.shape[:2]) >= len(crop)
        )
        assert any((found == crop).all((1, 2, 3)).any() for found in windows)
    assert images


def test_the_page_says_each_remark_once(results, crops):
    first, second = results
    second = replace(second, skipped={"lpips": "pyiqa absent"})
    text = page([first, second], crops)
    assert text.count("plain is gray and read as RGB") == 1
    assert text.count("lpips: pyiqa absent") == 1


def test_a_model_without_a_picture_costs_no_other_its_page(folder, results, crops):
    failed = {path.stem: "OSError: no such file" for path in (folder / "HR").iterdir()}
    nothing = SetResult(name="mine", scores=(), failures=failed)
    bad = replace(results[0], model="bad", sets=(nothing,))
    text = page([*results, bad], crops)
    assert "differ most" in text
    assert "bad, mine: p1 failed, OSError: no such file" in text
    assert "bad is not held against bicubic" in text
    assert "bad against bicubic" not in text
    text = page([bad, *results], CropCollector("bad", 2))
    assert "Nothing can be compared with <b>bad</b>" in text
    assert "bicubic is not held against bad" in text
    Balance().feed(text)


def test_one_model_alone_is_no_comparison(results, crops):
    with pytest.raises(ValueError, match="at least 2 models, got 1"):
        page(results[:1], crops)


def a_pair(hr: Codes, name: str = "p") -> Pair:
    return Pair(
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


@pytest.mark.parametrize("values", [[0.0, 1.3], [-0.02, 0.5, 0.1], [28.1, 33.9], [0.0], [5.0, 5.0]])
def test_an_axis_holds_its_values_between_round_ticks(values):
    found = axis(values, 10.0, 110.0)
    assert found.low <= min(values)
    assert found.high >= max(values)
    places = [place for place, _ in found.ticks]
    assert places[0] == 10
    assert places[-1] == 110
    assert len({label for _, label in found.ticks}) == len(places) >= 2


def test_folder_names():
    assert folder_of(Bicubic(2, "runs/my model?.pth")) == "runs_my_model_.pth-x2"
    assert folder_of(Bicubic(3)) == "bicubic-x3"
