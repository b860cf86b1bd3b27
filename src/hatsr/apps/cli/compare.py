"""`hatsr compare`: is B better than A, or is it noise?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.cli.errors import Command, wrong_usage
from hatsr.apps.cli.evaluate import check_kept, locate_lr
from hatsr.apps.cli.options import (
    NAME,
    NEW_FOLDER,
    data_options,
    device_option,
    json_option,
    memory_option,
    output_option,
)
from hatsr.apps.cli.terminal import say, show, watching

if TYPE_CHECKING:
    from hatsr.evaluation.compare import Difference
    from hatsr.evaluation.runs import Run
    from hatsr.evaluation.scores import Result


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, type=NAME, metavar="A B [C]...")
@data_options
@click.option("--scale", type=click.IntRange(1), help="Needed if no model tells it.")
@click.option("--lr", type=NAME, metavar="DIR", help="Read LR from a folder, see evaluate.")
@click.option("--gray-as-is", is_flag=True, help="Judge gray HR by its own code, see evaluate.")
@click.option("--ensemble", is_flag=True, help="Compare by self-ensemble; the page shows plain SR.")
@output_option(
    "Scores, SR pictures and report.html.",
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
    """Hold models against the first one, picture by picture.

    Each of A, B, C is a model as for evaluate, bicubic, or a folder of SR pictures. Prints the mean
    difference with its 95 % confidence interval over pictures, and writes a page with the pictures
    on which the models differ most.

    Exit code: 0 all measured, 1 a set or a picture is missing or failed, 2 wrong usage.
    """
    from hatsr.evaluation.compare import differences
    from hatsr.evaluation.opening import find_sets, open_sources
    from hatsr.evaluation.outputs import remarks
    from hatsr.evaluation.runs import Run, folder_of, write_report
    from hatsr.evaluation.scores import Rules

    if len(models) < 2:
        raise click.UsageError("give at least two models; bicubic needs no weights")
    if ensemble:
        _check_ensemble(models)
    with wrong_usage(ValueError):
        surveys, absent = find_sets(data, data_root)
    with wrong_usage():
        sources = open_sources(models, scale, device, memory)
        rules = Rules(
            scale=sources[0].scale, ensemble=ensemble, lr=locate_lr(lr), gray_as_is=gray_as_is
        )
        runs = [
            Run(
                spec=spec,
                source=source,
                rules=rules,
                surveys=surveys,
                folder=output / folder_of(source),
                keep=True,
            )
            for spec, source in zip(models, sources, strict=True)
        ]
        for run in runs:
            check_kept(run)
    results = [_measure(run, restart) for run in runs]
    figure = "ensemble_psnr" if ensemble else "psnr"
    found = {each.model: differences(results[0], each, figure) for each in results[1:]}
    if as_json:
        click.echo(json.dumps(_document(results, found), indent=2, allow_nan=False))
    else:
        _show(results, found, ensemble)
    say([*remarks(*results), *absent])
    page = output / "report.html"
    write_report(runs, results, page)
    say([f"written to {page}"])
    whole = all(each.comparable for result in results for each in result.sets)
    sys.exit(0 if whole and not (data and absent) else 1)


def _check_ensemble(models: tuple[str, ...]) -> None:
    """Only the program that made a folder of pictures could turn and flip them."""
    from hatsr.evaluation.opening import BICUBIC, is_pictures

    folders = [each for each in models if each != BICUBIC and is_pictures(each)]
    if folders:
        raise click.UsageError(
            f"--ensemble must be of models or bicubic, got the pictures of {', '.join(folders)}; "
            "leave it out"
        )


def _measure(run: Run, restart: bool) -> Result:
    if restart:
        run.scores.unlink(missing_ok=True)
    with watching(run.source.name, run.surveys) as progress:
        return run.measure(progress)


def _show(results: list[Result], found: dict[str, list[Difference]], ensemble: bool) -> None:
    """Print the means, and a table for each model that shares pictures with the first."""
    from hatsr.evaluation.outputs import difference_table
    from hatsr.evaluation.tables import comparison

    show(comparison(results))
    for model, each in found.items():
        if each:
            show(difference_table(each, results[0].model, model, ensemble=ensemble))


def _document(results: list[Result], found: dict[str, list[Difference]]) -> dict[str, Any]:
    from hatsr.evaluation.scores import as_json

    return {
        "baseline": results[0].model,
        "differences": {
            model: [asdict(each) | {"verdict": each.verdict} for each in rows]
            for model, rows in found.items()
        },
        "results": [as_json(result) for result in results],
    }
