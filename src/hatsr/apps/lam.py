"""`hatsr lam` and `hatsr lam-sweep`: which pixels networks used."""

from typing import Literal

import click

from hatsr.apps.progress import counting
from hatsr.apps.usage import wrong_usage

Mode = Literal["robust", "reference"]

_MODEL = click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    default=("hat-t-x4",),
    show_default=True,
    help="Shipped name, file, folder, hf://owner/name/file, random:PRESET or "
    "python:MODULE:FUNCTION. Give it again to compare.",
)
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
_MEMORY = click.option(
    "--memory", default=0.5, show_default=True, help="GB for a batch of steps; 0: one at a time."
)
_IS_LR = click.option("--lr", "is_lr", is_flag=True, help="The picture is the LR, not the HR one.")


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False))
@_MODEL
@click.option(
    "--patch", type=(int, int), required=True, help="Row and column of its corner, SR pixels."
)
@_WINDOW
@_FOLD
@_MODE
@_MEMORY
@_IS_LR
@click.option("--output", "-o", type=click.Path(), help="Figure: .png, .svg or .pdf.")
@click.option(
    "--colours",
    type=click.Choice(["seismic", "cividis", "viridis"]),
    default="seismic",
    show_default=True,
    help="Of the maps; cividis and viridis can be read by the colour-blind.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON lines.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, mps.")
def lam(  # noqa: PLR0913 - one argument for each option
    image: str,
    models: tuple[str, ...],
    patch: tuple[int, int],
    window: int,
    fold: int,
    mode: Mode,
    memory: float,
    is_lr: bool,
    output: str | None,
    colours: Literal["seismic", "cividis", "viridis"],
    as_json: bool,
    device: str,
) -> None:
    """Show which LR pixels networks used for one patch of IMAGE, and the diffusion index.

    IMAGE is the HR picture; it is made small here, and PSNR and SSIM of the patch are printed.
    """
    import json
    from pathlib import Path

    from hatsr.attribution import report
    from hatsr.attribution.figure_file import check_figure_file
    from hatsr.attribution.integral import LamSettings
    from hatsr.attribution.subject import load_scene

    if output is not None:
        check_figure_file(Path(output))
    settings = LamSettings(window=window, fold=fold, mode=mode, memory=memory)
    subjects = report.load_subjects(models, device)
    scene = load_scene(image, subjects[0].scale, is_lr=is_lr)
    findings = []
    with counting("steps") as update:
        for finding in report.study(subjects, scene, patch, settings, update):
            click.echo(json.dumps(finding.numbers()) if as_json else finding.line())
            findings.append(finding)
    if output is not None:
        report.draw(findings, Path(output), colours)
        click.echo(f"figure: {output}", err=True)


@click.command("lam-sweep")
@click.argument("images", type=click.Path(exists=True, dir_okay=False), nargs=-1, required=True)
@_MODEL
@click.option("--grid", default=3, show_default=True, help="Patches per side of each picture.")
@click.option(
    "--results",
    required=True,
    type=click.Path(dir_okay=False),
    help="File of JSON lines; a second run continues it.",
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
def lam_sweep(  # noqa: PLR0913 - one argument for each option
    images: tuple[str, ...],
    models: tuple[str, ...],
    grid: int,
    results: str,
    processes: int,
    window: int,
    fold: int,
    mode: Mode,
    memory: float,
    is_lr: bool,
) -> None:
    """Mean diffusion index of networks over positions and pictures, with its 95 % interval.

    A picture that fails is reported and the others are measured.

    Exit code: 0 all measured, 1 a picture failed, 2 wrong usage.
    """
    import sys
    from pathlib import Path

    from hatsr.attribution.integral import LamSettings
    from hatsr.attribution.summary import summarise
    from hatsr.attribution.sweep import (
        SweepPlan,
        all_tasks,
        belonging,
        pending,
        read_rows,
        sweep,
    )

    with wrong_usage((ValueError,)):
        settings = LamSettings(window=window, fold=fold, mode=mode, memory=memory)
        plan = SweepPlan(models=models, pictures=images, grid=grid, is_lr=is_lr, settings=settings)
        file, (tasks, failures) = Path(results), all_tasks(plan)
        todo = pending(tasks, read_rows(file))
        click.echo(f"{sum(len(task.patches) for task in todo)} patches to do", err=True)
    with counting("pictures") as update:
        for done, finished in enumerate(sweep(todo, file, processes), 1):
            if finished.failure:
                failures[finished.task.picture] = finished.failure
            update(done, len(todo))
    for summary in summarise(belonging(tasks, read_rows(file))):
        click.echo(summary.line())
    for picture, why in failures.items():
        click.echo(f"{picture} failed: {why}", err=True)
    sys.exit(1 if failures else 0)
