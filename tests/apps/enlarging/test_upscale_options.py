from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hatsr import image
from hatsr.apps.enlarging.upscale_options import UpscaleOptions, upscale_options
from hatsr.inference.settings import best_precision


def parse(line: str) -> UpscaleOptions:
    found: list[UpscaleOptions] = []

    @click.command()
    @upscale_options(".")
    def command(how: UpscaleOptions) -> None:
        found.append(how)

    done = CliRunner().invoke(command, line.split())
    assert done.exit_code == 0, done.output
    return found[0]


def test_nothing_said_is_the_default_of_each() -> None:
    how = parse("--device cpu")
    settings, output = how.settings(), how.output()
    assert (settings.precision, settings.tile) == (best_precision("cpu"), None)
    assert settings.scale is None
    assert (output.place, output.ending, output.existing) == (None, None, "refuse")
    assert not settings.ensemble
    assert not output.first_frame
    assert how.largest() == image.MAX_PIXELS
    assert (how.model, how.denoise, how.overrides) == (None, None, {})


def test_what_is_said_arrives(tmp_path: Path) -> None:
    run = parse("--device cpu --memory 2GB --tile 96 --ensemble --scale 1.5").settings()
    assert (run.memory, run.tile, run.ensemble, run.scale) == (2 * 10**9, 96, True, 1.5)
    how = parse("--format WEBP --quality 80 --skip-existing --first-frame --max-pixels 9")
    output = how.output(tmp_path)
    assert (output.place, output.ending, output.quality) == (tmp_path, ".webp", 80)
    assert (output.existing, output.first_frame, how.largest()) == ("skip", True, 9)
    given = parse("--set img_range=255 -m net.pth --denoise 0.5")
    assert (given.overrides, given.model, given.denoise) == ({"img_range": 255}, "net.pth", 0.5)


@pytest.mark.parametrize("ending", ["png", ".PNG", "Png"])
def test_an_ending_has_one_dot_and_small_letters(ending: str) -> None:
    assert parse(f"--format {ending}").output().ending == ".png"
