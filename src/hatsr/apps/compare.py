"""`hatsr compare`: is B better than A, or is it noise?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hatsr.apps.evaluate import data_options, rules_of
from hatsr.apps.progress import counting
from hatsr.apps.results import say, show
from hatsr.apps.usage import wrong_usage


@click.command()
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
    help="Scores and SR pictures of models, and report.html.",
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
    from hatsr.evaluation import EvaluationOutput, open_candidates
    from hatsr.evaluation import compare as measure

    models, scale = options["models"], options["scale"]
    if len(models) < 2:
        raise click.UsageError("give at least two models; bicubic needs no weights")
    with wrong_usage((ValueError,)), counting("pictures") as progress:
        candidates = open_candidates(models, scale, options["device"], options["memory"])
        found = measure(
            candidates,
            options["data"],
            data_root=options["data_root"],
            rules=rules_of(candidates[0].scale, options),
            output=EvaluationOutput(folder=options["out"], restart=options["restart"]),
            progress=progress,
        )
    if options["as_json"]:
        click.echo(json.dumps(found.document(), indent=2, allow_nan=False))
    else:
        for table in found.tables:
            show(table)
    say([*found.remarks, *found.absent])
    page = found.folder / "report.html"
    found.report.write(page)
    say([f"written to {page}"])
    sys.exit(0 if found.comparable and not (options["data"] and found.absent) else 1)
