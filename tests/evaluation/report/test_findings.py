from pathlib import Path

import pytest

from hatsr.evaluation.report.findings import Evaluation
from hatsr.evaluation.report.remarks import reference, remarks, verdicts
from hatsr.evaluation.results import BenchmarkResult
from hatsr.files import replacing


def evaluation(result: BenchmarkResult, folder: Path) -> Evaluation:
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
