"""`hatsr compare`: is B better than A, or is it noise?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.errors import Command, wrong_usage
from hatsr.apps.evaluate import data_options, rules_of
from hatsr.apps.results import say, show, watching

if TYPE_CHECKING:
    from hatsr.evaluation.compare import Difference
    from hatsr.evaluation.runs import Run
    from hatsr.evaluation.scores import Result


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, metavar="A B [C]...")
@data_options
@click.option("--scale", type=int, default=None, help="Needed if no model tells it.")
@click.option("--lr", default="", metavar="DIR", help="Read LR from a folder, see evaluate.")
@click.option("--gray-as-is", is_flag=True, help="Judge gray HR by its own code, see evaluate.")
@click.option("--ensemble", is_flag=True, help="Compare by self-ensemble; the page shows plain SR.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="results/compare",
    show_default=True,
    metavar="DIR",
    help="Scores, SR pictures and report.html.",
)
@click.option("--restart", is_flag=True, help="Forget the scores so far.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps ...")
@click.option("--memory", default=None, metavar="SIZE", help="Budget such as 4GB.")
def compare(**options: Any) -> None:
    """Hold models against the first one, picture by picture.

    Each of A, B, C is a model as for evaluate, bicubic, or a folder of SR pictures. Prints the mean
    difference with its 95 % confidence interval over pictures, and writes a page with the pictures
    on which the models differ most.

    Exit code: 0 all measured, 1 a set or a picture is missing or failed, 2 wrong usage.
    """
    from hatsr.evaluation.compare import differences
    from hatsr.evaluation.opening import find_sets
    from hatsr.evaluation.outputs import remarks
    from hatsr.evaluation.runs import write_report

    if len(options["models"]) < 2:
        raise click.UsageError("give at least two models; bicubic needs no weights")
    if options["ensemble"]:
        _check_ensemble(options["models"])
    surveys, absent = find_sets(options["data"], options["data_root"])
    with wrong_usage():
        runs = _runs(options, surveys)
    results = [_measure(run, options["restart"]) for run in runs]
    figure = "ensemble_psnr" if options["ensemble"] else "psnr"
    found = {each.model: differences(results[0], each, figure) for each in results[1:]}
    if options["as_json"]:
        click.echo(json.dumps(_document(results, found), indent=2, allow_nan=False))
    else:
        _show(results, found, options["ensemble"])
    say([*remarks(*results), *absent])
    page = options["out"] / "report.html"
    write_report(runs, results, page)
    say([f"written to {page}"])
    whole = all(each.comparable for result in results for each in result.sets)
    sys.exit(0 if whole and not (options["data"] and absent) else 1)


def _check_ensemble(models: tuple[str, ...]) -> None:
    """Only the program that made a folder of pictures could turn and flip them."""
    from hatsr.evaluation.opening import BICUBIC, is_pictures

    folders = [each for each in models if each != BICUBIC and is_pictures(each)]
    if folders:
        raise click.UsageError(
            f"--ensemble must be of models or bicubic, got the pictures of {', '.join(folders)}; "
            "leave it out"
        )


def _runs(options: dict[str, Any], surveys: Any) -> list[Run]:
    """A run for each model, under names that differ."""
    from hatsr.evaluation.opening import open_sources
    from hatsr.evaluation.runs import Run, folder_of

    models = options["models"]
    sources = open_sources(models, options["scale"], options["device"], options["memory"])
    rules = rules_of(sources[0].scale, options)
    return [
        Run(
            spec=spec,
            source=source,
            rules=rules,
            surveys=surveys,
            folder=options["out"] / folder_of(source),
            keep=True,
        )
        for spec, source in zip(models, sources, strict=True)
    ]


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
