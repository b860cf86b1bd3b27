"""`hatsr data` from the outside."""

from pathlib import Path

from click.testing import CliRunner, Result

from hatsr.apps.data import data


def call(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])  # pyright: ignore


def test_prepare_and_check(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    made = call(data, "prepare", pictures, "-o", out, "--size", 24, "--step", 24, "--scale", 2)
    assert made.exit_code == 0, made.output
    assert "sub-images from 6 of 6 files" in made.output
    good = call(data, "check", pictures, "--patch", 8, "--scale", 2)
    assert good.exit_code == 0, good.output
    leaking = call(data, "check", pictures, "--patch", 8, "--scale", 2, "--test", pictures)
    assert leaking.exit_code == 1
    assert "leak" in leaking.output
