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
@_PATCH_SIZE
@_STEPS
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
    patch_size: int,
    steps: int,
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

    from hatsr.attribution import LamSettings, check_figure_file, explain

    if output is not None:
        check_figure_file(Path(output))
    settings = LamSettings(
        patch_size=patch_size, steps=steps, mode=mode, memory=memory, device=device
    )
    with counting("steps") as update:
        found = explain(models, image, patch, settings, is_lr=is_lr, progress=update)
    for line in map(json.dumps, found.numbers()) if as_json else found.lines():
        click.echo(line)
    if output is not None:
        found.draw(Path(output), colours)
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
@_PATCH_SIZE
@_STEPS
@_MODE
@_MEMORY
@_IS_LR
def lam_sweep(  # noqa: PLR0913 - one argument for each option
    images: tuple[str, ...],
    models: tuple[str, ...],
    grid: int,
    results: str,
    processes: int,
    patch_size: int,
    steps: int,
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

    from hatsr.attribution import LamSettings, Sweep, SweepPlan

    with wrong_usage((ValueError,)):
        settings = LamSettings(patch_size=patch_size, steps=steps, mode=mode, memory=memory)
        plan = SweepPlan(models=models, pictures=images, grid=grid, is_lr=is_lr, settings=settings)
        work = Sweep(plan, Path(results))
    click.echo(f"{work.patches_to_do} patches to do", err=True)
    with counting("pictures") as update:
        found = work.run(processes, update)
    for summary in found.summaries:
        click.echo(summary.line())
    for picture, why in found.failures.items():
        click.echo(f"{picture} failed: {why}", err=True)
    sys.exit(1 if found.failures else 0)
