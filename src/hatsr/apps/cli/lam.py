"""`hatsr lam` and `hatsr lam-sweep`: which pixels networks used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.errors import Command, wrong_usage
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
    from hatsr.attribution.integral import LamSettings
    from hatsr.attribution.objective import Mode
    from hatsr.attribution.panels import Colours

_MODELS = models_option("random:PRESET or python:MODULE:FUNCTION")
_WINDOW = click.option(
    "--window", default=16, show_default=True, help="Side of the patch, SR pixels."
)
_FOLD = click.option(
    "--fold", default=50, show_default=True, help="Steps of the path; 10 for a quick preview."
)
_MODE = click.option(
    "--mode",
    type=click.Choice(["robust", "reference"]),
    default="robust",
    show_default=True,
    help="reference: LAM to the letter, gradients that are not a number count as 0.",
)
_MEMORY = memory_option(" for a batch of steps; 1MB: one at a time. Default: 500MB.")
_IS_LR = click.option("--lr", "is_lr", is_flag=True, help="The picture is the LR, not the HR one.")


@click.command(cls=Command)
@click.argument("image", type=FILE)
@_MODELS
@click.option(
    "--patch", type=(int, int), required=True, help="Row and column of its corner, SR pixels."
)
@_WINDOW
@_FOLD
@_MODE
@_MEMORY
@_IS_LR
@output_option("Figure: .png, .svg or .pdf.", metavar="FILE", type=NEW_FILE)
@click.option(
    "--colours",
    type=click.Choice(["seismic", "cividis", "viridis"]),
    default="seismic",
    show_default=True,
    help="Of the maps; cividis and viridis can be read by the colour-blind.",
)
@set_option()
@json_option("Print the numbers as JSON lines.")
@device_option
def lam(  # noqa: PLR0913  one parameter for each option
    image: Path,
    models: tuple[str, ...],
    patch: tuple[int, int],
    window: int,
    fold: int,
    mode: Mode,
    memory: str | None,
    is_lr: bool,
    output: Path | None,
    colours: Colours,
    overrides: dict[str, object],
    as_json: bool,
    device: str,
) -> None:
    """Show which LR pixels networks used for one patch of IMAGE, and the diffusion index.

    IMAGE is the HR picture; it is made small here, and PSNR and SSIM of the patch are printed.
    """
    import json

    from hatsr.attribution import report
    from hatsr.attribution.figure_file import check_figure_file
    from hatsr.attribution.objective import check_patch
    from hatsr.attribution.subject import load_scene
    from hatsr.checkpoint import DEFAULT_MODEL
    from hatsr.files import check_not_input
    from hatsr.inference.settings import choose_device

    models = models or (DEFAULT_MODEL,)
    with wrong_usage():
        if output is not None:
            check_figure_file(output)
            check_not_input(output, [image, *models])
        settings = _settings(window, fold, mode, memory)
        subjects = report.load_subjects(models, choose_device(device), overrides)
    scene = load_scene(image, subjects[0].scale, is_lr=is_lr)
    with wrong_usage():
        check_patch(patch, window, *(side * subjects[0].scale for side in scene.lr.shape[-2:]))
    findings = []
    with counting("steps") as update:
        for finding in report.study(subjects, scene, patch, settings, update):
            click.echo(json.dumps(finding.numbers()) if as_json else finding.line())
            findings.append(finding)
    if output is not None:
        report.draw(findings, output, colours)
        click.echo(f"figure: {output}", err=True)


def _settings(window: int, fold: int, mode: Mode, memory: str | None) -> LamSettings:
    from hatsr.attribution.integral import DEFAULTS, LamSettings
    from hatsr.inference.memory import parse_bytes

    budget = DEFAULTS.memory if memory is None else parse_bytes(memory) / 1e9
    return LamSettings(window=window, fold=fold, mode=mode, memory=budget)


@click.command("lam-sweep", cls=Command)
@click.argument("images", type=FILE, nargs=-1, required=True)
@_MODELS
@click.option("--grid", default=3, show_default=True, help="Patches per side of each picture.")
@output_option(
    "File of JSON lines; a second run continues it.",
    metavar="FILE",
    type=NEW_FILE,
    required=True,
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Pictures at the same time.",
)
@_WINDOW
@_FOLD
@_MODE
@_MEMORY
@_IS_LR
def lam_sweep(  # noqa: PLR0913  one parameter for each option
    images: tuple[Path, ...],
    models: tuple[str, ...],
    grid: int,
    output: Path,
    processes: int,
    window: int,
    fold: int,
    mode: Mode,
    memory: str | None,
    is_lr: bool,
) -> None:
    """Mean diffusion index of networks over positions and pictures, with its 95 % interval."""
    from hatsr.attribution.summary import summarise
    from hatsr.attribution.sweep import (
        SweepPlan,
        all_tasks,
        belonging,
        pending,
        read_rows,
        sweep,
    )
    from hatsr.checkpoint import DEFAULT_MODEL
    from hatsr.files import check_not_input

    models = models or (DEFAULT_MODEL,)
    with wrong_usage():
        check_not_input(output, [*images, *models])
        plan = SweepPlan(
            models=models,
            pictures=tuple(map(str, images)),
            grid=grid,
            is_lr=is_lr,
            settings=_settings(window, fold, mode, memory),
        )
        rows = read_rows(output)
        tasks = all_tasks(plan)
    todo = pending(tasks, rows)
    click.echo(f"{sum(len(task.patches) for task in todo)} patches to do", err=True)
    with counting("pictures") as update:
        for done, _ in enumerate(sweep(todo, output, processes), 1):
            update(done, len(todo))
    for summary in summarise(belonging(tasks, read_rows(output))):
        click.echo(summary.line())
