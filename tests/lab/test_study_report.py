"""The report of a study: its tables, its words, its files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_study import STUDY, row

from hatsr.lab.study import Budget, Claim, PaperPlace, Study, StudySize, Variant
from hatsr.lab.study_report import StudyReport
from hatsr.lab.study_rows import StudyRow


def test_one_of_a_thing_is_one() -> None:
    report = StudyReport(study=STUDY, size="small", rows=(row("a", 20.0),))
    assert report.conditions == (
        "Seed 4, size small, steps as each recipe says a run. A (1 thread, PyTorch 2)"
    )


def rows() -> tuple[StudyRow, ...]:
    """Two seeds of "a", one of "b", none of "c"."""
    two, one, none = row("a", 20.0), row("b", 30.5), row("c")
    known = {"parameters": 1_500_000, "forward_bytes": None, "steps": 4, "training_seconds": 2.0}
    first = {"psnr": {"x": 20.0, "y": 22.0}, **known}
    second = {"psnr": {"x": 21.0, "y": 25.0}, **known, "training_seconds": 4.0}
    two = replace(two, paper={"Urban100": 27.45, "M": 2.0}, by_seed={4: first, 5: second})
    return two, one, none


def test_means_and_spread_stand_beside_the_papers_values() -> None:
    """Means of the seeds are 21 and 23, so 22 with a standard deviation of the root of 2."""
    table, costs, orders = StudyReport(study=STUDY, size="small", rows=rows()).tables
    assert table.header == ("variant", "seeds", "PSNR, dB", "paper: Urban100", "paper: M")
    assert table.rows == (
        ("a", "2", "22.000 ± 1.414", "27.45", "2"),
        ("b", "1", "30.500", "-", "-"),
        ("c", "0", "-", "-", "-"),
    )
    assert table.title.startswith("Measured here on Set5, Set14")
    assert costs.rows == (
        ("a", "1.500", "-", "-", "-", "4", "0.750"),
        ("b", "-", "-", "-", "-", "1", "-"),
        ("c",) + ("-",) * 6,
    )
    assert orders.rows == ()


@pytest.fixture(scope="module")
def judged() -> StudyReport:
    """The paper says that "b" is better than "a" by 0.5, and claims that "c" is than "b"."""
    study = Study(
        name="three",
        title="Three <b>",
        source=PaperPlace(place="Table 1", column="Urban100", says="more & better"),
        about="  Said beside.  ",
        seeds=(4, 5),
        sizes={"small": StudySize(budget=Budget(steps=1500))},
        variants={name: Variant() for name in "abc"},
        claims=(Claim(more="c", less="b"),),
    )
    shifts = {4: {"x": -0.1, "y": 0.1}, 5: {"x": -0.11, "y": 0.11}}

    def of(name: str, psnr: float | None, paper: float | None) -> StudyRow:
        found = {
            seed: {"psnr": {k: psnr + v for k, v in each.items()}, "curve": [(0, 20.0)], "steps": 1}
            for seed, each in shifts.items()
            if psnr is not None
        }
        values = {} if paper is None else {"Urban100": paper}
        machine = row(name, 1.0).machines if found else ()
        return replace(row(name), paper=values, by_seed=found, machines=machine)

    rows = (of("a", 30.0, 27.4), of("b", 30.25, 27.9), of("c", None, None))
    return StudyReport(study=study, size="small", rows=rows)


def test_each_order_has_its_line(judged: StudyReport) -> None:
    stated, claimed = judged.tables[2].rows
    assert stated[:4] == ("b > a", "+0.5", "+0.250", "+0.250 to +0.250")
    assert stated[4:] == ("100.0 %", "as in the paper, sure")
    assert claimed == ("c > b", "said", "-", "-", "-", "not measured")
    assert judged.verdict.startswith("By PSNR")


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(steps=1500), "1,500 steps a run"),
        (Budget(minutes=2.5), "2.5 minutes a run"),
        (Budget(), "steps as each recipe says a run"),
    ],
)
def test_conditions_say_how_long_runs_last(budget: Budget, words: str, judged: StudyReport) -> None:
    study = judged.study.model_copy(update={"sizes": {"small": StudySize(budget=budget)}})
    said = replace(judged, study=study).conditions
    assert said == f"Seeds 4, 5, size small, {words}. A (1 thread, PyTorch 2)"


def test_all_four_files_are_written_and_words_of_the_study_are_no_markup(
    judged: StudyReport, tmp_path: Path
) -> None:
    judged.write(tmp_path / "new")
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"report.html", "report.md", "report.svg", "report.json"}
    text = (tmp_path / "new" / "report.md").read_text("utf-8")
    assert text.startswith("# Three <b>\n\nTable 1 of the paper says: more & better\n")
    assert "\n\nSaid beside.\n\n![" in text
    assert text.endswith("```sh\nhatsr lab three --size small\n```\n")
    page = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert "Three &lt;b&gt;" in page
    assert "more &amp; better" in page
    document = json.loads((tmp_path / "new" / "report.json").read_text("utf-8"))
    assert [each["verdict"] for each in document["orders"]] == [
        "as in the paper, sure",
        "not measured",
    ]
