"""`hatsr evaluate`: the paper's tables by one command."""

import sys
from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import (
    FOLDER,
    NAME,
    NEW_FOLDER,
    data_options,
    device_option,
    json_option,
    memory_option,
    model_option,
    output_option,
)
from hatsr.apps.cli.overrides import set_option
from hatsr.apps.cli.terminal import counting, print_found, say, show


@click.command(cls=Command)
@model_option("or bicubic")
@click.option(
    "--pictures",
    type=FOLDER,
    metavar="DIR",
    help="Judge SR pictures that any program made, instead of a model.",
)
@data_options
@click.option(
    "--scale", type=click.IntRange(1), help="Enlargement factor; needed for --pictures and bicubic."
)
@click.option(
    "--lr",
    type=NAME,
    metavar="DIR",
    help="Read LR from a folder (LRbicx4 inside each set, or a path) instead of making it.",
)
@click.option(
    "--ensemble", is_flag=True, help="Also measure by self-ensemble, in columns of its own."
)
@click.option(
    "--gray-as-is",
    is_flag=True,
    help="Judge gray HR by its own code, as MATLAB programs do, not as RGB.",
)
@click.option(
    "--perceptual",
    multiple=True,
    type=click.Choice(["lpips", "dists", "niqe"]),
    help='Also measure by this metric; needs pip install "hat-sr[perceptual]".',
)
@click.option(
    "--against",
    default="",
    metavar="METHOD",
    help="Row of Table 6 to compare the result with, e.g. HAT or HAT-L+ (pre-trained).",
)
@output_option(
    "Folder for results and scores so far. Default: results/MODEL-xSCALE.",
    metavar="DIR",
    type=NEW_FOLDER,
)
@click.option("--restart", is_flag=True, help="Forget the scores so far.")
@click.option("--keep", is_flag=True, help="Save the SR pictures in DIR/pictures.")
@click.option("--report", is_flag=True, help="Also write DIR/report.html, against bicubic.")
@set_option()
@json_option("Print JSON instead of tables.")
@device_option
@memory_option(". Default: 60 % of what is free.")
@click.option(
    "--published",
    type=click.IntRange(1, 11),
    metavar="N",
    help="Print Table N of the paper, 1 to 11, and leave.",
)
def evaluate(  # noqa: PLR0913  one parameter for each option
    model: str | None,
    pictures: Path | None,
    data: tuple[str, ...],
    data_root: Path | None,
    scale: int | None,
    lr: str | None,
    ensemble: bool,
    gray_as_is: bool,
    perceptual: tuple[str, ...],
    against: str,
    output: Path | None,
    restart: bool,
    keep: bool,
    report: bool,
    overrides: dict[str, object],
    as_json: bool,
    device: str,
    memory: str | None,
    published: int | None,
) -> None:
    """Measure a model on benchmark sets, beside what others published.

    A run that is stopped goes on where it was. A picture that cannot be read is reported and the
    others are measured.

    Exit code: 0 all measured, 1 a set or a picture is missing or failed, 2 wrong usage.
    """
    from hatsr.evaluation import EvaluationOutput, EvaluationSettings, open_candidate, open_pictures
    from hatsr.evaluation import evaluate as measure
    from hatsr.inference.settings import choose_device

    if published is not None:
        _print_published(published, scale or 4)
        return
    spec = _choose(model, pictures, report)
    if overrides and model in (None, "bicubic"):
        raise click.UsageError("--set must go with the --model of a file")
    with wrong_usage(ValueError), counting("pictures") as progress:
        if pictures:
            candidate = open_pictures(spec, scale)
        else:
            candidate = open_candidate(spec, scale, choose_device(device), memory, overrides)
        found = measure(
            candidate,
            data,
            data_root=data_root,
            rules=EvaluationSettings(
                scale=candidate.scale,
                ensemble=ensemble,
                lr=lr or "",
                gray_as_is=gray_as_is,
                perceptual=perceptual,
            ),
            output=EvaluationOutput(
                folder=output, restart=restart, keep=keep, report=report, against=against
            ),
            progress=progress,
        )
    print_found(found, as_json=as_json, verdicts=found.verdicts)
    say([*(each.status for each in found.result.sets), *found.remarks, *found.absent])
    if found.report is not None:
        found.report.write(found.folder / "report.html")
    say([f"written to {found.folder}"])
    sys.exit(0 if found.comparable and not (data and found.absent) else 1)


def _choose(model: str | None, pictures: Path | None, report: bool) -> str:
    """The model or folder, exactly one of which must be given."""
    if model is not None and pictures is None:
        if report and model == "bicubic":
            raise click.UsageError("--report is against bicubic: give another --model")
        return model
    if pictures is not None and model is None:
        return str(pictures)
    raise click.UsageError("give either --model (bicubic needs no weights) or --pictures")


def _print_published(number: int, scale: int) -> None:
    from hatsr.evaluation import paper_table

    with wrong_usage():
        show(paper_table(number, scale))
