"""`hatsr evaluate`: the paper's tables by one command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.errors import Command, wrong_usage
from hatsr.apps.results import say, show, watching

if TYPE_CHECKING:
    from hatsr.evaluation.runs import Run
    from hatsr.evaluation.scores import Result, Rules


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name benchmark sets."""
    data = click.option(
        "--data",
        multiple=True,
        metavar="SET|DIR",
        help="Set5, Set14, BSD100, Urban100, Manga109 or a folder; again for more. "
        "Default: all five.",
    )
    root = click.option(
        "--data-root",
        type=click.Path(path_type=Path),
        envvar="HATSR_BENCH",
        metavar="DIR",
        help="Holds a folder for each set, HR inside. Default: $HATSR_BENCH.",
    )
    return data(root(command))


@click.command(cls=Command)
@click.option(
    "--model",
    "-m",
    default=None,
    metavar="NAME|PATH",
    help="Shipped name, checkpoint file or folder, hf://owner/name/file, or bicubic.",
)
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Judge SR pictures that any program made, instead of a model.",
)
@data_options
@click.option("--scale", type=int, default=None, help="Needed for --pictures and bicubic.")
@click.option(
    "--lr",
    default="",
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
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Results and scores so far. Default: results/MODEL-xSCALE.",
)
@click.option("--restart", is_flag=True, help="Forget the scores so far.")
@click.option("--keep", is_flag=True, help="Save the SR pictures in OUT/pictures.")
@click.option("--report", is_flag=True, help="Also OUT/report.html, against bicubic.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps ...")
@click.option("--memory", default=None, metavar="SIZE", help="Budget such as 4GB.")
@click.option(
    "--published", type=int, metavar="N", help="Print Table N of the paper, 1 to 11, and leave."
)
def evaluate(**options: Any) -> None:
    """Measure a model on benchmark sets, beside what others published.

    A run that is stopped goes on where it was. A picture that cannot be read is reported and the
    others are measured.

    Exit code: 0 all measured, 1 a set or a picture is missing or failed, 2 wrong usage.
    """
    from hatsr.evaluation.opening import find_sets, open_pictures, open_source
    from hatsr.evaluation.outputs import document, reference, remarks, verdicts, write_files
    from hatsr.evaluation.runs import Run, folder_of
    from hatsr.evaluation.tables import comparison, details

    if options["published"] is not None:
        _print_published(options["published"], options["scale"] or 4)
        return
    spec = _spec(options)
    surveys, absent = find_sets(options["data"], options["data_root"])
    with wrong_usage():
        if options["pictures"]:
            source = open_pictures(spec, options["scale"])
        else:
            source = open_source(spec, options["scale"], options["device"], options["memory"])
        rules = rules_of(source.scale, options)
        row = reference(source.name, source.scale, options["against"])
    out = options["out"] or Path("results") / folder_of(source)
    keep = options["keep"] or options["report"]
    run = Run(spec=spec, source=source, rules=rules, surveys=surveys, folder=out, keep=keep)
    if options["restart"]:
        run.scores.unlink(missing_ok=True)
    with watching(source.name, surveys) as progress:
        result = run.measure(progress)
    write_files(result, row, out)
    if options["as_json"]:
        click.echo(json.dumps(document(result, row), indent=2, allow_nan=False))
    else:
        show(comparison([result]))
        show(details(result))
        for line in verdicts(result, row):
            click.echo(line)
    say([*(each.status() for each in surveys), *remarks(result), *absent])
    if options["report"]:
        _report(run, result)
    say([f"written to {out}"])
    whole = all(each.comparable for each in result.sets)
    sys.exit(0 if whole and not (options["data"] and absent) else 1)


def _spec(options: dict[str, Any]) -> str:
    """The model or folder, exactly one of which must be given."""
    if (options["model"] is None) == (options["pictures"] is None):
        raise click.UsageError("give either --model (bicubic needs no weights) or --pictures")
    if options["report"] and options["model"] == "bicubic":
        raise click.UsageError("--report is against bicubic: give another --model")
    return options["model"] or options["pictures"]


def rules_of(scale: int, options: dict[str, Any]) -> Rules:
    """The rules that the options ask for."""
    from hatsr.evaluation.scores import Rules

    lr = options["lr"]
    return Rules(
        scale=scale,
        ensemble=options["ensemble"],
        lr=str(Path(lr).resolve()) if lr and Path(lr).is_dir() else lr,
        gray_as_is=options["gray_as_is"],
        perceptual=tuple(options.get("perceptual", ())),
    )


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
    write_report([baseline, run], [baseline.measure(), result], run.folder / "report.html")


def _print_published(number: int, scale: int) -> None:
    from hatsr.evaluation.published import SETS
    from hatsr.evaluation.tables import published, smaller

    show(published(scale, SETS) if number == 6 else smaller(number))
