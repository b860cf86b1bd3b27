"""`hatsr evaluate`: the paper's tables by one command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.progress import counting
from hatsr.apps.results import say, show
from hatsr.apps.usage import wrong_usage

if TYPE_CHECKING:
    from hatsr.evaluation import Rules


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


@click.command()
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
    from hatsr.evaluation import EvaluationOutput, open_candidate, open_pictures
    from hatsr.evaluation import evaluate as measure

    if options["published"] is not None:
        _print_published(options["published"], options["scale"] or 4)
        return
    spec, scale = _spec(options), options["scale"]
    with wrong_usage((ValueError,)), counting("pictures") as progress:
        candidate = (
            open_pictures(spec, scale)
            if options["pictures"]
            else open_candidate(spec, scale, options["device"], options["memory"])
        )
        found = measure(
            candidate,
            options["data"],
            data_root=options["data_root"],
            rules=rules_of(candidate.scale, options),
            output=EvaluationOutput(
                folder=options["out"],
                restart=options["restart"],
                keep=options["keep"],
                report=options["report"],
                against=options["against"],
            ),
            progress=progress,
        )
    if options["as_json"]:
        click.echo(json.dumps(found.document(), indent=2, allow_nan=False))
    else:
        for table in found.tables:
            show(table)
        for line in found.verdicts:
            click.echo(line)
    say([*(each.status for each in found.result.sets), *found.remarks, *found.absent])
    if found.report is not None:
        found.report.write(found.folder / "report.html")
    say([f"written to {found.folder}"])
    sys.exit(0 if found.comparable and not (options["data"] and found.absent) else 1)


def _spec(options: dict[str, Any]) -> str:
    """The model or folder, exactly one of which must be given."""
    if (options["model"] is None) == (options["pictures"] is None):
        raise click.UsageError("give either --model (bicubic needs no weights) or --pictures")
    if options["report"] and options["model"] == "bicubic":
        raise click.UsageError("--report is against bicubic: give another --model")
    return options["model"] or options["pictures"]


def rules_of(scale: int, options: dict[str, Any]) -> Rules:
    """The rules that the options ask for."""
    from hatsr.evaluation import Rules

    return Rules(
        scale=scale,
        ensemble=options["ensemble"],
        lr=options["lr"],
        gray_as_is=options["gray_as_is"],
        perceptual=tuple(options.get("perceptual", ())),
    )


def _print_published(number: int, scale: int) -> None:
    from hatsr.evaluation import paper_table

    show(paper_table(number, scale))
