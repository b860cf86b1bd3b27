"""`hatsr data` from the outside."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hatsr.apps.learning.data import data
from hatsr.apps.learning.train import finetune
from hatsr.data.degrade import PRESETS, degrade, sample_key
from hatsr.data.pictures import decode, downsample
from hatsr.image import modcrop


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    coarse = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(coarse).resize((90, 71), Image.Resampling.BICUBIC).save(path)
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(data, ["degrade", *(str(a) for a in arguments)])


def test_writes_lr(picture: Path) -> None:
    result = call(picture, "--as", "photo", "--seed", 3)
    assert result.exit_code == 0, result.output
    hr = modcrop(decode(picture), 4)
    wanted = degrade(downsample(hr, 4), hr, PRESETS["photo"], sample_key(3, 0))
    assert np.array_equal(decode(picture.with_name("a_degraded.png")), wanted)
    assert "17 x 22" in result.output


def test_shows_all_presets(picture: Path, tmp_path: Path) -> None:
    result = call(picture, "--show", "-o", tmp_path / "grid.png")
    assert result.exit_code == 0, result.output
    assert "rows second-order, jpeg, photo, scan, screenshot" in result.output
    side = 2 * 17
    assert decode(tmp_path / "grid.png").shape == (5 * side + 4 * 4, 8 * side + 7 * 4, 3)


def test_shows_a_recipes_degradation(picture: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    recipe.write_text("name: own\ndegrade: {preset: jpeg, clean: 1.0}\n")
    result = call(picture, "--as", recipe, "-o", tmp_path / "lr.png")
    assert result.exit_code == 0, result.output
    assert np.array_equal(decode(tmp_path / "lr.png"), downsample(decode(picture), 4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--as must be given once without --show, got 0: second-order, jpeg"),
        (("--as", "photo", "--as", "scan"), "--as must be given once without --show, got 2"),
        (("--as", "foto"), "a degradation must be one of second-order, jpeg"),
        (("--as", "none.yaml"), "a recipe must be a YAML file or one of"),
        (("--as", "photo", "-o", "a.bmp"), "bmp"),
        (("--as", "CLEAN"), "must have a section degrade, got none; name a preset"),
    ],
)
def test_wrong_usage(picture: Path, arguments: tuple[str, ...], message: str) -> None:
    recipe = picture.with_name("clean.yaml")
    recipe.write_text("name: clean\n")
    result = call(picture, *(str(recipe) if a == "CLEAN" else a for a in arguments))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_missing_picture(tmp_path: Path) -> None:
    assert call(tmp_path / "none.png", "--as", "photo").exit_code == 2


def test_finetune_names_unknown_presets(picture: Path) -> None:
    arguments = [str(picture.parent), "--from", "hat-t-x4", "--degrade", "foto", "--dry-run"]
    result = CliRunner().invoke(finetune, arguments)
    assert result.exit_code == 2
    assert "degrade.preset in the defaults of finetune: a degradation must be one" in result.output


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data, [str(a) for a in arguments])


def test_prepare_and_check(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    made = run("prepare", pictures, "-o", out, "--size", 24, "--step", 24, "--scale", 2)
    assert made.exit_code == 0, made.output
    assert "sub-images from 6 of 6 files" in made.output
    good = run("check", pictures, "--patch", 8, "--scale", 2)
    assert good.exit_code == 0, good.output
    leaking = run("check", pictures, "--patch", 8, "--scale", 2, "--test", pictures)
    assert leaking.exit_code == 1
    assert "leak" in leaking.output
