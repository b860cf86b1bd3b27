import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hatsr.evaluation.charts import axis
from hatsr.evaluation.crops import Test as CropTest
from hatsr.evaluation.crops import choose, extremes, heat
from hatsr.evaluation.gallery import Gallery, folder_name
from hatsr.evaluation.report import render
from hatsr.evaluation.runs import Run, folder_of, write_report
from hatsr.evaluation.scores import Rules, SetResult
from hatsr.evaluation.sources import Bicubic, Network
from hatsr.evaluation.survey import survey
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


@pytest.fixture
def runs(folder, model, tmp_path) -> list[Run]:
    rules, surveys = Rules(scale=2), [survey(str(folder))]
    sources = (Bicubic(2), Network(model))
    return [
        Run(
            spec="bicubic",
            source=each,
            rules=rules,
            surveys=surveys,
            folder=tmp_path / folder_of(each),
            keep=True,
        )
        for each in sources
    ]


def test_the_page_stands_alone_and_is_well_formed(runs, tmp_path):
    runs[1].source.name = "a <model> & more"
    results = [run.measure() for run in runs]
    write_report(runs, results, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.sources
    assert all(source.startswith("data:image/") for source in parser.sources)
    assert "<script" not in page
    assert "a &lt;model&gt; &amp; more" in page
    assert "<model>" not in page
    assert 'name="viewport"' in page


def test_the_crops_hold_what_they_say(runs, tmp_path):
    results = [run.measure() for run in runs]
    kept = {run.source.name: run.pictures for run in runs}
    gallery = Gallery(surveys=runs[0].surveys, rules=runs[0].rules, kept=kept)
    page = render(results, gallery)
    images = re.findall(r'src="data:image/png;base64,([^"]+)" alt="HR"', page)
    hr = [gallery.pair("mine", entry.name).hr for entry in runs[0].surveys[0].entries]
    for image in images:
        crop = np.rint(read(b64decode(image)).rgb * 255).astype(np.uint8)
        windows = (
            np.lib.stride_tricks.sliding_window_view(x, crop.shape).reshape(-1, *crop.shape)
            for x in hr
            if min(x.shape[:2]) >= len(crop)
        )
        assert any((found == crop).all((1, 2, 3)).any() for found in windows)
    assert images


def test_the_page_says_each_remark_once(runs, tmp_path):
    first, second = (run.measure() for run in runs)
    second = replace(second, skipped={"lpips": "pyiqa absent"})
    write_report(runs, [first, second], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("plain is gray and read as RGB") == 1
    assert page.count("lpips: pyiqa absent") == 1


def test_a_model_without_a_picture_costs_no_other_its_page(runs, folder, tmp_path):
    results = [run.measure() for run in runs]
    failed = {entry.name: "OSError: no such file" for entry in runs[0].surveys[0].entries}
    nothing = SetResult(name="mine", scores=(), failures=failed)
    bad = replace(results[0], model="bad", sets=(nothing,))
    write_report(runs, [*results, bad], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "differ most" in page
    assert "bad, mine: p1 failed, OSError: no such file" in page
    assert "bad is not held against bicubic" in page
    assert "bad against bicubic" not in page
    write_report(runs, [bad, *results], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Nothing can be compared with <b>bad</b>" in page
    assert "bicubic is not held against bad" in page
    Balance().feed(page)


def test_one_model_alone_is_no_comparison(runs):
    gallery = Gallery(surveys=runs[0].surveys, rules=runs[0].rules, kept={})
    with pytest.raises(ValueError, match="at least 2 models, got 1"):
        render([runs[0].measure()], gallery)


def test_the_place_with_the_largest_difference_is_found():
    rng = np.random.default_rng(0)
    hr = rng.integers(60, 200, (120, 150, 3)).astype(np.uint8)
    a, b = hr.copy(), hr.copy()
    a[30:60, 80:110] += 40
    b[90:100, 20:30] += 20
    gain, loss = extremes(CropTest(data="s", picture="p", hr=hr, a=a, b=b), 2)
    assert gain.gain > 0 > loss.gain
    assert gain.top <= 30 < 60 <= gain.top + gain.side
    assert gain.left <= 80 < 110 <= gain.left + gain.side
    assert loss.top <= 90 < 100 <= loss.top + loss.side
    assert gain.cut(hr).shape == (48, 48, 3)


def test_equal_pictures_have_no_place():
    hr = np.zeros((60, 60, 3), np.uint8)
    assert choose([CropTest(data="s", picture="p", hr=hr, a=hr, b=hr)], 2, 5, 2) == []
    small = hr[:8, :8]
    assert choose([CropTest(data="s", picture="p", hr=small, a=small, b=small)], 2, 5, 2) == []


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
    assert folder_name("runs/my model?.pth") == "runs_my_model_.pth"
    assert folder_of(Bicubic(3)) == "bicubic-x3"
