"""The command compare: what it prints and writes, and its exit codes."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hatsr.apps.studying.compare import compare


def run(command, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["bicubic", "bicubic"], "must be different ones, got bicubic twice"),
        (["bicubic", "nothing.pth"], "model must be a file"),
        (["hat-t-x4", "hat-t-x2"], "must have one scale to be compared, got [2, 4]"),
    ],
)
def test_a_users_mistake_in_a_comparison(mine, models, message):
    scale = [] if "hat-t-x4" in models else ["--scale", "2"]
    done = run(compare, *models, *scale, "--data", "mine")
    assert done.exit_code == 2
    assert message in done.output


def test_compare(mine):
    shutil.copytree(mine / "HR", mine.parent / "perfect")
    for path in (mine.parent / "perfect").iterdir():
        picture = np.array(Image.open(path))
        picture[::2] ^= 1
        Image.fromarray(picture).save(path)
    done = run(compare, "bicubic", "perfect", "--scale", "2", "--data", "mine", "-o", "out")
    assert done.exit_code == 0, done.output
    assert "perfect minus bicubic" in done.stdout
    assert "3 of 3" in done.stdout
    assert "better" in done.stdout
    assert "dB better" in (mine.parent / "out" / "report.html").read_text("utf-8")


def test_compare_in_json_takes_the_scale_from_a_model(mine):
    for path in (mine / "HR" / "p1.png", mine / "HR" / "p2.png"):
        path.unlink()
    done = run(compare, "bicubic", "hat-t-x4", "--data", "mine", "-o", "out", "--json")
    document = json.loads(done.stdout)
    assert document["baseline"] == "bicubic"
    assert document["differences"]["hat-t-x4"][0]["verdict"] == "too few pictures"


def test_a_model_that_fails_costs_no_other_its_comparison(mine):
    for name in ("good", "bad"):
        shutil.copytree(mine / "HR", mine.parent / name)
    for path in (mine.parent / "good").iterdir():
        Image.fromarray(np.array(Image.open(path)) ^ 1).save(path)
    for path in (mine.parent / "bad").iterdir():
        Image.new("RGB", (3, 3)).save(path)
    models = ("bicubic", "good", "bad")
    done = run(compare, *models, "--scale", "2", "--data", "mine", "-o", "out")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "good minus bicubic, PSNR in dB on Y" in done.stdout
    assert "bad minus bicubic" not in done.stdout
    assert "bad, mine: p0 failed, ValueError: sr must have the shape of hr" in done.stderr
    assert "bad is not held against bicubic" in done.stderr
    assert "good minus" not in done.stderr
    assert (mine.parent / "out" / "report.html").exists()
    shutil.copytree(mine.parent / "bad", mine.parent / "worse")
    done = run(compare, "bad", "worse", "--scale", "2", "--data", "mine", "-o", "none")
    assert done.exit_code == 1
    assert "worse, mine: p0 failed" in (mine.parent / "none" / "report.html").read_text("utf-8")


def test_compare_by_self_ensemble(mine):
    shutil.copytree(mine / "HR", mine.parent / "theirs")
    options = ("--ensemble", "--scale", "2", "--data", "mine", "-o", "out")
    refused = run(compare, "bicubic", "theirs", *options)
    assert refused.exit_code == 2
    assert "--ensemble must be of models or bicubic, got the pictures of theirs" in refused.output
    assert not (mine.parent / "out").exists()
    for path in (mine / "HR" / "p1.png", mine / "HR" / "p2.png"):
        path.unlink()
    done = run(compare, "bicubic", "hat-t-x4", "--ensemble", "--data", "mine", "-o", "out")
    assert "hat-t-x4 minus bicubic, self-ensemble's PSNR in dB on Y" in done.stdout


def test_compare_needs_two(mine):
    assert "at least two models" in run(compare, "bicubic", "--data", "mine").output
