import csv
import io
from dataclasses import replace

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
from hatsr.evaluation.results import BenchmarkResult
from hatsr.evaluation.statistics import compare_results


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
    mine = BenchmarkResult(model="m", rules=result.rules, sets=result.sets[1:])
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


def test_the_title_says_what_differs(result):
    (found,) = compare_results([result, replace(result, model="b")])
    assert difference_table(found).title == "b minus HAT_SRx4, PSNR in dB on Y"
    plus = difference_table(found, ensemble=True)
    assert plus.title == "b minus HAT_SRx4, self-ensemble's PSNR in dB on Y"
