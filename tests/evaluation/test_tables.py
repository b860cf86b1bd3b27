import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from hatsr.evaluation.report.findings import Evaluation
from hatsr.evaluation.report.remarks import reference, remarks, verdicts
from hatsr.evaluation.report.tables import (
    as_csv,
    as_latex,
    as_markdown,
    beside_published,
    detail_table,
    difference_table,
    paper_table,
    picture_table,
    published_table,
)
from hatsr.evaluation.results import Result, Rules, Score, SetResult
from hatsr.evaluation.statistics import compare_results
from hatsr.files import replacing


def score(name: str, psnr: float, *, data: str = "Set5", gray: bool = False) -> Score:
    return Score(
        data=data,
        picture=name,
        hr="0",
        psnr=psnr,
        ssim=0.9,
        psnr_rgb=psnr - 1.3,
        ssim_rgb=0.8,
        ensemble_psnr=psnr + 0.1,
        ensemble_ssim=0.91,
        seconds=0.5,
        peak_bytes=10**9,
        gray=gray,
    )


@pytest.fixture
def result() -> Result:
    whole = SetResult(name="Set5", scores=(score("a", 33.0), score("b", 33.06)))
    part = SetResult(
        name="my_set",
        scores=(score("c|d", 30.0, data="my_set"),),
        failures={"e": "OSError: cut, short"},
        whole=False,
        remarks=("my_set: only 1 of 2",),
    )
    rules = Rules(scale=4, ensemble=True)
    return Result(model="HAT_SRx4", rules=rules, sets=(whole, part))


def test_measured_rows_stand_beneath_published_ones(result):
    table = beside_published([result])
    assert table.header[2:] == ("Set5 PSNR", "Set5 SSIM", "my_set PSNR", "my_set SSIM")
    assert len(table.rows) == 17 + 2
    assert table.rows[16] == ("HAT-L†", "DF2K", "33.30", "0.9083", "-", "-")
    assert table.rows[17] == ("HAT_SRx4 (measured)", "-", "33.03", "0.9000", "30.00*", "0.9000*")
    assert table.rows[18][:3] == ("HAT_SRx4+ (measured)", "-", "33.13")
    assert table.ours == {17, 18}
    assert len(table.notes) == 2


def test_a_folder_of_the_users_has_no_published_rows(result):
    mine = Result(model="m", rules=result.rules, sets=result.sets[1:])
    assert len(beside_published([mine]).rows) == 2


def test_details(result):
    table = detail_table(result)
    assert table.rows[0][:2] == ("Set5", "2")
    assert table.rows[1][:2] == ("my_set", "1*")
    assert table.rows[0][-2:] == ("0.500", "1000")
    assert all(len(row) == len(table.header) for row in table.rows)


def test_csv_is_read_back_in_full_precision(result):
    lines = list(csv.DictReader(io.StringIO(as_csv(picture_table(result)))))
    assert [float(line["psnr"]) for line in lines[:3]] == [33.0, 33.06, 30.0]
    assert lines[3]["failure"] == "OSError: cut, short"
    assert lines[3]["psnr"] == ""


def test_markdown_keeps_its_columns(result):
    text = as_markdown(beside_published([result]))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {7}
    assert "| **HAT_SRx4 (measured)** | **-** | **33.03** |" in text
    assert "c\\|d" in as_markdown(picture_table(result))


def test_latex_escapes(result):
    text = as_latex(beside_published([result]))
    assert r"\textbf{HAT\_SRx4 (measured)}" in text
    assert r"HAT-L$\dagger$ & DF2K" in text
    assert text.count(r"\\") == 20
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")


def test_published_tables():
    assert len(published_table(2, ["Set5"]).rows) == 16
    assert paper_table(10).rows[0] == ("1", "33.2", "150.1", "27.97")


def test_verdicts_only_for_whole_sets(result):
    row = reference(result.model, 4)
    assert verdicts(result, row) == [
        "Set5: 33.03 dB, within ±0.1 dB of HAT's published 33.04 (-0.01)"
    ]
    assert reference("mine", 4, "HAT-L+") == reference("HAT-L_SRx4_ImageNet-pretrain", 4)
    with pytest.raises(ValueError, match=r"one of bicubic, .*HAT-L† at x4, got 'HAT-X'"):
        reference("mine", 4, "HAT-X")


def test_bicubic_is_held_against_its_row_by_that_rows_rule():
    scores = (score("bridge", 27.3, data="Set14", gray=True), score("b", 26.0, data="Set14"))
    result = Result(
        model="bicubic",
        rules=Rules(scale=4),
        sets=(SetResult(name="Set14", scores=scores),),
    )
    said = verdicts(result, reference("bicubic", 4))
    assert said[0] == "Set14: 26.00 dB, within ±0.1 dB of bicubic's published 26.00 (+0.00)"
    assert "by their own code" in said[1]


def evaluation(result: Result, folder: Path) -> Evaluation:
    row = reference(result.model, 4)
    return Evaluation(
        result=result,
        row=row,
        remarks=tuple(remarks([result])),
        verdicts=tuple(verdicts(result, row)),
        folder=folder,
    )


def test_remarks_and_files(result, tmp_path):
    assert remarks([result]) == ["my_set: only 1 of 2", "my_set: e failed, OSError: cut, short"]
    found = evaluation(result, tmp_path)
    found.write()
    assert {p.name for p in tmp_path.iterdir()} == {
        "result.json",
        "pictures.csv",
        "table.md",
        "table.tex",
    }
    written = found.document()
    assert written["reference"] == "HAT"
    assert written["sets"][0]["mean"]["psnr"] == pytest.approx(33.03)
    assert written["sets"][1]["comparable"] is False


def test_remarks_on_several_models_are_said_once_and_name_the_model(result):
    gray = SetResult(name="Set14", scores=(score("bridge", 27.0, data="Set14", gray=True),))
    a = Result(model="a", rules=Rules(scale=4), sets=(gray, result.sets[1]))
    b = Result(model="b", rules=a.rules, sets=a.sets, skipped={"lpips": "pyiqa absent"})
    none = SetResult(name="Set14", scores=(), failures={"bridge": "OSError: gone"})
    bad = Result(model="bad", rules=a.rules, sets=(none,))
    said = remarks([a, b, bad], compare_results([a, b, bad]))
    assert [line[:34] for line in said] == [
        "Set14: bridge is gray and read as ",
        "my_set: only 1 of 2",
        "a, my_set: e failed, OSError: cut,",
        "lpips: pyiqa absent",
        "b, my_set: e failed, OSError: cut,",
        "bad, Set14: bridge failed, OSError",
        "bad is not held against a: no pict",
    ]


def test_the_title_says_what_differs(result):
    (found,) = compare_results([result, replace(result, model="b")])
    assert difference_table(found).title == "b minus HAT_SRx4, PSNR in dB on Y"
    plus = difference_table(found, ensemble=True)
    assert plus.title == "b minus HAT_SRx4, self-ensemble's PSNR in dB on Y"


def test_a_write_that_fails_leaves_the_file_before(tmp_path):
    def fail() -> None:
        with replacing(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise OSError("disk full")

    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(OSError, match="disk full"):
        fail()
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]


def test_files_are_replaced_whole(result, tmp_path):
    evaluation(result, tmp_path).write()
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    evaluation(result, tmp_path).write()
    after = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
