"""`hatsr compare`: differences of models from the first one, with confidence intervals."""

import sys
from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import (
    NAME,
    NEW_FOLDER,
    data_options,
    device_option,
    json_option,
    memory_option,
    output_option,
)
from hatsr.apps.cli.terminal import counting, print_found, say


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, type=NAME, metavar="A B [C]...")
@data_options
@click.option(
    "--scale", type=click.IntRange(1), help="Enlargement factor; needed where no model tells it."
)
@click.option("--lr", type=NAME, metavar="DIR", help="Read LR from a folder, see evaluate.")
@click.option("--gray-as-is", is_flag=True, help="Judge gray HR by its own code, see evaluate.")
@click.option("--ensemble", is_flag=True, help="Compare by self-ensemble; the page shows plain SR.")
@output_option(
    "Scores and SR pictures of models, and report.html.",
    metavar="DIR",
    type=NEW_FOLDER,
    default="results/compare",
    show_default=True,
)
@click.option("--restart", is_flag=True, help="Forget the scores so far.")
@json_option("Print JSON instead of tables.")
@device_option
@memory_option(". Default: 60 % of what is free.")
def compare(  # noqa: PLR0913  one parameter for each option
    models: tuple[str, ...],
    data: tuple[str, ...],
    data_root: Path | None,
    scale: int | None,
    lr: str | None,
    gray_as_is: bool,
    ensemble: bool,
    output: Path,
    restart: bool,
    as_json: bool,
    device: str,
    memory: str | None,
) -> None:
    """Compare models with the first one, picture by picture.

    Each of A, B, C is a model as for evaluate, bicubic, or a folder of SR pictures. Prints the mean
    difference with its 95 % confidence interval over pictures, and writes a page with the pictures
    on which the models differ most.

    Exit code: 0 all measured, 1 a set or a picture is missing or failed, 2 wrong usage.
    """
    from hatsr.evaluation import EvaluationOutput, EvaluationSettings, open_candidates
    from hatsr.evaluation import compare as measure
    from hatsr.inference.settings import choose_device

    if len(models) < 2:
        raise click.UsageError("give at least two models; bicubic needs no weights")
    with wrong_usage(ValueError), counting("pictures") as progress:
        candidates = open_candidates(models, scale, choose_device(device), memory)
        found = measure(
            candidates,
            data,
            data_root=data_root,
            rules=EvaluationSettings(
                scale=candidates[0].scale, ensemble=ensemble, lr=lr or "", gray_as_is=gray_as_is
            ),
            output=EvaluationOutput(folder=output, restart=restart),
            progress=progress,
        )
    print_found(found, as_json=as_json)
    say([*found.remarks, *found.absent])
    page = found.folder / "report.html"
    found.report.write(page)
    say([f"written to {page}"])
    sys.exit(0 if found.comparable and not (data and found.absent) else 1)
