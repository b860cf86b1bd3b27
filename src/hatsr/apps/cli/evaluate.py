"""`hatsr evaluate`: the paper's tables by one command."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.errors import Command, wrong_usage
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
from hatsr.apps.cli.terminal import say, show, watching

if TYPE_CHECKING:
    from hatsr.evaluation.runs import Run
    from hatsr.evaluation.scores import Result


@click.command(cls=Command)
@model_option("or bicubic")
@click.option(
    "--pictures",
    type=FOLDER,
    metavar="DIR",
    help="Judge SR pictures that any program made, instead of a model.",
)
@data_options
@click.option("--scale", type=click.IntRange(1), help="Needed for --pictures and bicubic.")
@click.option(
    "--lr",
    type=NAME,
    metavar="DIR",
    help="Read LR from a folder (LRbicx4 inside each set, or a path) instead of making it.",
)
@click.option("--ensemble", is_flag=True, help="Also by self-ensemble, in columns of its own.")
@click.option(
    "--gray-as-is",
    is_flag=True,
    help="Judge gray HR by its own code, as MATLAB programs do, not as RGB.",
)
@click.option(
    "--perceptual",
    multiple=True,
    type=click.Choice(["lpips", "dists", "niqe"]),
    help='Also measure it; needs pip install "hat-sr[perceptual]".',
)
@click.option(
    "--against",
    default="",
    metavar="METHOD",
    help="Row of Table 6 to hold the result against, e.g. HAT or HAT-L+ (pre-trained).",
)
@output_option(
    "Results and scores so far. Default: results/MODEL-xSCALE.", metavar="DIR", type=NEW_FOLDER
)
@click.option("--restart", is_flag=True, help="Forget the scores so far.")
@click.option("--keep", is_flag=True, help="Save the SR pictures in DIR/pictures.")
@click.option("--report", is_flag=True, help="Also DIR/report.html, against bicubic.")
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
    from hatsr.evaluation.opening import find_sets, open_pictures, open_source
    from hatsr.evaluation.outputs import document, reference, remarks, verdicts, write_files
    from hatsr.evaluation.runs import Run, folder_of
    from hatsr.evaluation.scores import Rules
    from hatsr.evaluation.tables import comparison, details

    if published is not None:
        _print_published(published, scale or 4)
        return
    spec = _choose(model, pictures, report)
    if overrides and model in (None, "bicubic"):
        raise click.UsageError("--set must go with the --model of a file")
    with wrong_usage(ValueError):
        surveys, absent = find_sets(data, data_root)
    with wrong_usage():
        if pictures:
            source = open_pictures(spec, scale)
        else:
            source = open_source(spec, scale, device, memory, overrides)
        row = reference(source.name, source.scale, against)
        rules = Rules(
            scale=source.scale,
            ensemble=ensemble,
            lr=locate_lr(lr),
            gray_as_is=gray_as_is,
            perceptual=perceptual,
        )
        run = Run(
            spec=spec,
            source=source,
            rules=rules,
            surveys=surveys,
            folder=output or Path("results") / folder_of(source),
            keep=keep or report,
            overrides=overrides,
        )
        check_kept(run)
    if restart:
        run.scores.unlink(missing_ok=True)
    with watching(source.name, surveys) as progress:
        result = run.measure(progress)
    write_files(result, row, run.folder)
    if as_json:
        click.echo(json.dumps(document(result, row), indent=2, allow_nan=False))
    else:
        show(comparison([result]))
        show(details(result))
        for line in verdicts(result, row):
            click.echo(line)
    say([*(each.status() for each in surveys), *remarks(result), *absent])
    if report:
        _report(run, result)
    say([f"written to {run.folder}"])
    whole = all(each.comparable for each in result.sets)
    sys.exit(0 if whole and not (data and absent) else 1)


def _choose(model: str | None, pictures: Path | None, report: bool) -> str:
    """The model or folder, exactly one of which must be given."""
    if model is not None and pictures is None:
        if report and model == "bicubic":
            raise click.UsageError("--report is against bicubic: give another --model")
        return model
    if pictures is not None and model is None:
        return str(pictures)
    raise click.UsageError("give either --model (bicubic needs no weights) or --pictures")


def locate_lr(lr: str | None) -> str:
    """The folder of LR as the rules have it: a path where there is such a folder, else a name."""
    return str(Path(lr).resolve()) if lr and Path(lr).is_dir() else lr or ""


def check_kept(run: Run) -> None:
    """Refuse a folder for the SR pictures in which the run's own inputs lie.

    Raises:
        ValueError: they lie there.
    """
    from hatsr.files import check_not_input

    if run.keep:
        hr = [entry.path for survey in run.surveys for entry in survey.entries]
        lr = [survey.home / run.rules.lr for survey in run.surveys if run.rules.lr]
        check_not_input(run.pictures, [run.spec, *hr, *lr])


def _report(run: Run, result: Result) -> None:
    """The page against bicubic, which is measured on the way."""
    from hatsr.evaluation.opening import BICUBIC
    from hatsr.evaluation.runs import Run, write_report
    from hatsr.evaluation.sources import Bicubic

    bicubic = Bicubic(run.rules.scale)
    if run.source.name == BICUBIC:  # pictures in a folder of that name
        bicubic.name = "hatsr's bicubic"
    rules = replace(run.rules, ensemble=False, perceptual=())
    baseline = Run(
        spec=BICUBIC,
        source=bicubic,
        rules=rules,
        surveys=run.surveys,
        folder=run.folder / BICUBIC,
        keep=True,
    )
    check_kept(baseline)
    write_report([baseline, run], [baseline.measure(), result], run.folder / "report.html")


def _print_published(number: int, scale: int) -> None:
    from hatsr.evaluation.published import SETS
    from hatsr.evaluation.tables import published, smaller

    with wrong_usage():
        show(published(scale, SETS) if number == 6 else smaller(number))
