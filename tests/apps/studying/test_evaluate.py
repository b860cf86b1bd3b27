import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from tiny import tiny

from hatsr import checkpoint
from hatsr.apps.studying.compare import compare
from hatsr.apps.studying.evaluate import evaluate


def run(command, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_evaluate_bicubic(mine):
    done = run(evaluate, "-m", "bicubic", "--scale", "2", "--data", "mine")
    assert done.exit_code == 0, done.output
    assert "bicubic (measured)" in done.stdout
    assert "mine: 3 pictures" in done.stderr
    files = {path.name for path in (mine.parent / "results" / "bicubic-x2").iterdir()}
    assert files >= {"result.json", "pictures.csv", "table.md", "table.tex"}


def test_json_alone_on_standard_output(mine):
    done = run(evaluate, "-m", "bicubic", "--scale", "2", "--data", "mine", "--json", "-o", "out")
    document = json.loads(done.stdout)
    assert document["model"] == "bicubic"
    assert len(document["sets"][0]["scores"]) == 3


def test_evaluate_the_shipped_model_and_resume(mine):
    for path in (mine / "HR" / "p1.png", mine / "HR" / "p2.png"):
        path.unlink()
    arguments = ("-m", "hat-t-x4", "--data", "mine", "-o", "out", "--report", "--ensemble")
    first = run(evaluate, *arguments)
    assert first.exit_code == 0, first.output
    assert "hat-t-x4+ (measured)" in first.stdout
    assert "PSNR" in (mine.parent / "out" / "report.html").read_text("utf-8")
    lines = (mine.parent / "out" / "scores.jsonl").read_text().splitlines()
    again = run(evaluate, *arguments)
    assert again.exit_code == 0
    assert (mine.parent / "out" / "scores.jsonl").read_text().splitlines() == lines
    refused = run(evaluate, "-m", "hat-t-x4", "--data", "mine", "-o", "out")
    assert refused.exit_code == 2
    assert "give another --output, or --restart" in refused.output
    assert (
        run(evaluate, "-m", "hat-t-x4", "--data", "mine", "-o", "out", "--restart").exit_code == 0
    )


def test_pictures_of_another_program_and_a_missing_one(mine):
    shutil.copytree(mine / "HR", mine.parent / "theirs")
    (mine.parent / "theirs" / "p1.png").unlink()
    done = run(evaluate, "--pictures", "theirs", "--scale", "2", "--data", "mine", "-o", "out")
    assert done.exit_code == 1
    assert "p1 failed" in done.stderr
    assert "∞*" in done.stdout


def test_a_folder_of_pictures_is_opened_whatever_its_name(mine):
    shutil.copytree(mine / "HR", mine.parent / "bicubic")
    options = ("--pictures", "bicubic", "--scale", "2", "--data", "mine", "-o", "out")
    done = run(evaluate, *options)
    assert done.exit_code == 0, done.output
    assert "∞" in done.stdout
    picture = np.array(Image.open(mine / "HR" / "p0.png"))
    Image.fromarray(picture ^ 1).save(mine.parent / "bicubic" / "p0.png")
    assert run(evaluate, *options, "--report").exit_code == 0
    page = (mine.parent / "out" / "report.html").read_text("utf-8")
    assert "dB against <b>hatsr&#39;s bicubic</b>" in page


def test_a_folder_with_a_checkpoint_is_a_model_whatever_pictures_it_has(mine):
    run_folder = mine.parent / "run"
    shutil.copytree(mine / "HR", run_folder / "samples")
    for name in ("best", "last"):
        checkpoint.save(tiny(), run_folder / f"{name}.safetensors")
    shutil.copy(mine / "HR" / "p0.png", run_folder / "preview.png")
    done = run(evaluate, "-m", "run", "--data", "mine", "-o", "out")
    assert done.exit_code == 0, done.output
    assert "run (measured)" in done.stdout
    done = run(compare, "bicubic", "run", "--data", "mine", "-o", "against", "--ensemble")
    assert done.exit_code == 0, done.output


def test_pictures_beside_a_checkpoint_are_judged_where_asked_and_never_resumed(mine):
    shutil.copytree(mine / "HR", mine.parent / "theirs")
    checkpoint.save(tiny(), mine.parent / "theirs" / "net.safetensors")
    options = ("--pictures", "theirs", "--scale", "2", "--data", "mine", "-o", "out")
    assert "∞" in run(evaluate, *options).stdout
    assert not (mine.parent / "out" / "scores.jsonl").exists()


def test_an_empty_folder_of_pictures(mine):
    (mine.parent / "theirs").mkdir()
    done = run(evaluate, "--pictures", "theirs", "--scale", "2", "--data", "mine")
    assert done.exit_code == 2
    assert "SR pictures must be in the folder or in its subfolders" in done.output
    assert "got no pictures in theirs" in done.output


def test_a_report_without_a_comparison_costs_no_table(mine):
    (mine.parent / "theirs").mkdir()
    shutil.copy(mine / "HR" / "p0.png", mine.parent / "theirs" / "other.png")
    options = ("--pictures", "theirs", "--scale", "2", "--data", "mine", "-o", "out")
    done = run(evaluate, *options, "--report")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "theirs (measured)" in done.stdout
    assert "p1 failed" in done.stderr
    page = (mine.parent / "out" / "report.html").read_text("utf-8")
    assert "theirs, mine: p1 failed" in page


def test_tables_come_before_a_page_that_fails(mine, monkeypatch):
    def broken(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("hatsr.evaluation.report.html.Report.html", broken)
    shutil.copytree(mine / "HR", mine.parent / "theirs")
    rest = ("--scale", "2", "--data", "mine", "-o", "out")
    for command, *models in (
        (compare, "bicubic", "theirs"),
        (evaluate, "--pictures", "theirs", "--report"),
    ):
        (mine.parent / "theirs" / "p1.png").unlink(missing_ok=True)
        done = run(command, *models, *rest)
        assert (done.exit_code, "disk full" in done.stderr) == (1, True)
        assert "theirs (measured)" in done.stdout
        assert "p1 failed" in done.stderr


def test_pictures_that_are_judged_are_not_replaced(mine):
    out = mine.parent / "out"
    kept = out / "pictures" / "mine"
    shutil.copytree(mine / "HR", kept)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    scale = ("--scale", "2")
    for command, *arguments in (
        (evaluate, "-m", "bicubic", "--data", kept, "-o", out, "--keep"),
        (evaluate, "--pictures", out / "pictures", "--data", mine, "-o", out, "--keep"),
        (evaluate, "-m", "bicubic", "--data", mine, "--lr", kept, "-o", out, "--keep"),
    ):
        done = run(command, *arguments, *scale)
        assert done.exit_code == 2
        assert "output must not replace an input" in done.output
        assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    kept = shutil.copytree(kept, mine.parent / "results" / "bicubic-x2" / "pictures")
    done = run(compare, "bicubic", kept, "--data", mine, "-o", mine.parent / "results", *scale)
    assert done.exit_code == 0  # SR of bicubic is not kept
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_a_missing_set_does_not_cost_the_others(mine):
    done = run(evaluate, "-m", "bicubic", "--scale", "2", "--data", "mine", "--data", "Set5")
    assert done.exit_code == 1
    assert "Set5 is missing: no data root is given. To obtain it" in done.stderr
    assert "bicubic (measured)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--data", "mine"], "give either --model", 2),
        (["-m", "bicubic", "--data", "mine", "--report"], "--report is against bicubic", 2),
        (["-m", "bicubic", "--data", "mine"], "scale must be given for bicubic", 2),
        (["-m", "hat-t-x4", "--data", "mine", "--scale", "3"], "scale must be 4, what hat-t-x4", 2),
        (["-m", "nothing.pth", "--data", "mine"], "model must be a file", 2),
        (["-m", "bicubic", "--scale", "2"], "Set5 is missing", 2),
        (["-m", "bicubic", "--scale", "2", "--data", "mine", "--against", "X"], "published row", 2),
    ],
)
def test_a_users_mistake(mine, arguments, message, code):
    done = run(evaluate, *arguments)
    assert done.exit_code == code
    assert message in done.output


def test_a_set_that_is_missing_is_no_wrong_usage(mine):
    done = run(evaluate, "-m", "bicubic", "--scale", "2", "--data", "Set5", "--data-root", ".")
    assert done.exit_code == 1
    assert "Set5 is missing: it is not in ." in done.output


def test_published_tables_need_no_model():
    assert "HAT-L†" in run(evaluate, "--published", "6", "--scale", "2").stdout
    assert "103.7" in run(evaluate, "--published", "9").stdout
