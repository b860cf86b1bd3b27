"""`hatsr lam` and `hatsr lam-sweep`: which pixels networks used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import (
    FILE,
    NEW_FILE,
    device_option,
    json_option,
    memory_option,
    models_option,
    output_option,
)
from hatsr.apps.cli.overrides import set_option
from hatsr.apps.cli.terminal import counting

if TYPE_CHECKING:
    from hatsr.attribution import LamSettings
    from hatsr.attribution.figures.panels import Colours
    from hatsr.attribution.objective import LamMode

_MODELS = models_option("random:PRESET or python:MODULE:FUNCTION")
_PATCH_SIZE = click.option(
    "--patch-size", default=16, show_default=True, help="Side of the patch, SR pixels."
)
_STEPS = click.option(
    "--steps", default=50, show_default=True, help="Steps of the path; 10 for a quick preview."
)
_MODE = click.option(
    "--mode",
    type=click.Choice(["robust", "reference"]),
    default="robust",
    show_default=True,
    help="reference: as LAM is published, where gradients that are not a number count as 0.",
)
_MEMORY = memory_option(" for a batch of steps; 1MB: one at a time. Default: 500MB.")
_IS_LR = click.option("--is-lr", is_flag=True, help="The picture is the LR, not the HR one.")


@click.command(cls=Command)
@click.argument("picture", type=FILE)
@_MODELS
@click.option(
    "--patch",
    type=(int, int),
    required=True,
    help="Row and column of the patch's upper left corner, SR pixels.",
)
@_PATCH_SIZE
@_STEPS
@_MODE
@_MEMORY
@_IS_LR
@output_option("Figure: .png, .svg or .pdf.", metavar="FILE", type=NEW_FILE)
@click.option(
    "--colours",
    type=click.Choice(["seismic", "cividis", "viridis"]),
    default="seismic",
    show_default=True,
    help="Colours of the maps; cividis and viridis can be read by the colour-blind.",
)
@set_option()
@json_option("Print the numbers as JSON lines.")
@device_option
def lam(  # noqa: PLR0913  one parameter for each option
    picture: Path,
    models: tuple[str, ...],
    patch: tuple[int, int],
    patch_size: int,
    steps: int,
    mode: LamMode,
    memory: str | None,
    is_lr: bool,
    output: Path | None,
    colours: Colours,
    overrides: dict[str, object],
    as_json: bool,
    device: str,
) -> None:
    """Show which LR pixels networks used for one patch of PICTURE, and the diffusion index.

    PICTURE is the HR one; it is made small here, and PSNR and SSIM of the patch are printed.
    """
    import json

    from hatsr.attribution import check_figure_file, explain
    from hatsr.checkpoint import DEFAULT_MODEL
    from hatsr.files import check_not_input

    models = models or (DEFAULT_MODEL,)
    with wrong_usage():
        if output is not None:
            check_figure_file(output)
            check_not_input(output, [picture, *models])
        settings = _settings(patch_size, steps, mode, memory, device)
        with counting("steps") as update:
            found = explain(
                models, picture, patch, settings, is_lr=is_lr, overrides=overrides, progress=update
            )
    for line in map(json.dumps, found.numbers()) if as_json else found.lines():
        click.echo(line)
    if output is not None:
        found.draw(output, colours)
        click.echo(f"figure: {output}", err=True)


def _settings(
    patch_size: int, steps: int, mode: LamMode, memory: str | None, device: str
) -> LamSettings:
    from hatsr.attribution import LamSettings
    from hatsr.inference.settings import choose_device
    from hatsr.inference.tiling.memory import parse_bytes

    budget = {} if memory is None else {"memory": parse_bytes(memory) / 1e9}
    return LamSettings(
        patch_size=patch_size, steps=steps, mode=mode, device=choose_device(device), **budget
    )


@click.command("lam-sweep", cls=Command)
@click.argument("pictures", type=FILE, nargs=-1, required=True, metavar="PICTURE...")
@_MODELS
@click.option("--grid", default=3, show_default=True, help="Patches per side of each picture.")
@output_option(
    "File of JSON lines; a second run continues it.",
    metavar="FILE",
    type=NEW_FILE,
    required=True,
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that work.",
)
@_PATCH_SIZE
@_STEPS
@_MODE
@_MEMORY
@_IS_LR
@device_option
def lam_sweep(  # noqa: PLR0913  one parameter for each option
    pictures: tuple[Path, ...],
    models: tuple[str, ...],
    grid: int,
    output: Path,
    workers: int,
    patch_size: int,
    steps: int,
    mode: LamMode,
    memory: str | None,
    is_lr: bool,
    device: str,
) -> None:
    """Mean diffusion index of networks over positions and pictures, with its 95 % interval.

    A picture that fails is reported and the others are measured.

    Exit code: 0 all measured, 1 a picture failed, 2 wrong usage.
    """
    import sys

    from hatsr.attribution import Sweep, SweepPlan
    from hatsr.checkpoint import DEFAULT_MODEL
    from hatsr.files import check_not_input

    models = models or (DEFAULT_MODEL,)
    with wrong_usage():
        check_not_input(output, [*pictures, *models])
        plan = SweepPlan(
            models=models,
            pictures=tuple(map(str, pictures)),
            grid=grid,
            is_lr=is_lr,
            settings=_settings(patch_size, steps, mode, memory, device),
        )
        work = Sweep(plan, output)
    click.echo(f"{work.patches_to_do} patches to do", err=True)
    with counting("pictures") as update:
        found = work.run(workers, update)
    for summary in found.summaries:
        click.echo(summary.line())
    for picture, why in found.failures.items():
        click.echo(f"{picture} failed: {why}", err=True)
    sys.exit(1 if found.failures else 0)
