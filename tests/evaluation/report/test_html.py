import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hatsr.evaluation.benchmark import Benchmark
from hatsr.evaluation.candidates import BicubicCandidate, NetworkCandidate
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.report.crops import CropCollector
from hatsr.evaluation.report.html import Report
from hatsr.evaluation.report.remarks import remarks
from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, SetResult
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


def measure(folder, candidates, crops: CropCollector) -> list[BenchmarkResult]:
    rules = EvaluationSettings(scale=2)
    measurements = [Measurement(each, rules) for each in candidates]
    return Benchmark(measurements, watcher=crops.add).run([open_set(str(folder), rules)])


@pytest.fixture
def crops() -> CropCollector:
    return CropCollector("bicubic", 2)


@pytest.fixture
def results(folder, model, crops) -> list[BenchmarkResult]:
    return measure(folder, [BicubicCandidate(2), NetworkCandidate(model)], crops)


def page(results: list[BenchmarkResult], crops: CropCollector) -> str:
    comparisons = compare_results(results)
    said = tuple(remarks(results, comparisons))
    return Report(results=tuple(results), comparisons=comparisons, crops=crops, remarks=said).html()


def test_the_page_stands_alone_and_is_well_formed(folder, model, crops):
    model.name = "a <model> & more"
    text = page(measure(folder, [BicubicCandidate(2), NetworkCandidate(model)], crops), crops)
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
