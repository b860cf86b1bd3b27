"""`hatsr lab`: does what the paper says come out, here and in small?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import (
    NAME,
    NEW_FOLDER,
    PATH,
    device_option,
    json_option,
    output_option,
)

if TYPE_CHECKING:
    from hatsr.lab import StudyStatus


@click.command(cls=Command)
@click.argument("study", required=False, type=NAME)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@output_option(
    "Folder of runs and report; shared by all that work on it. Default: lab/STUDY-SIZE.",
    metavar="DIR",
    type=NEW_FOLDER,
)
@click.option(
    "--size",
    default="small",
    show_default=True,
    metavar="NAME",
    help="One of the study's: small, full ...",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that work on this machine.",
)
@click.option("--status", is_flag=True, help="Say how far it is, running or stopped, and leave.")
@click.option("--report-only", is_flag=True, help="Report on what is done so far; train nothing.")
@click.option(
    "--data-root",
    type=PATH,
    envvar="HATSR_BENCH",
    metavar="DIR",
    help="Holds a folder for each named test set. Default: $HATSR_BENCH.",
)
@device_option
@json_option("Print how far it is, or the report, as JSON.")
def lab(  # noqa: PLR0913  one parameter for each option
    study: str | None,
    overrides: tuple[str, ...],
    output: Path | None,
    size: str,
    workers: int,
    status: bool,
    report_only: bool,
    data_root: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Train the variants of STUDY with every seed, measure them, and report.

    STUDY is a YAML file, or the name of a shipped one, for example window-size. Values are changed
    by dotted keys, for example seeds=[0,1] or sizes.small.budget.steps=100. The command may be
    stopped or killed at any moment, and started again by several processes or machines that share
    the folder; the same command goes on.

    Exit code: 0 all cells done, 1 some failed or are left, 2 wrong usage, 130 Ctrl-C.
    """
    from hatsr.apps.cli.terminal import print_found, say
    from hatsr.apps.learning.stopping import StopRequest
    from hatsr.apps.learning.train import check_extra

    check_extra()
    from hatsr import lab as room

    if study is None:
        names = ", ".join(room.shipped_studies())
        raise click.UsageError(f"STUDY must be given: a YAML file, or one of {names}")
    with wrong_usage():
        read = room.read_study(study, overrides)
        folder = output or Path("lab") / f"{read.name}-{size}"
        workspace = room.StudyWorkspace(folder=folder, data_root=data_root, device=device)
        found = room.status(read, workspace, size)
    if status:
        click.echo(json.dumps(asdict(found), indent=2) if as_json else found.line())
        return
    stop = StopRequest()
    if report_only:
        report = room.write_report(read, workspace, size)
    else:
        with wrong_usage(ValueError):
            report = room.run(
                read,
                workspace,
                size=size,
                workers=workers,
                watch=_Changes(),
                asked_to_stop=stop,
            )
    print_found(report, as_json=as_json, verdicts=[report.verdict])
    found = room.status(read, workspace, size)
    failed = [f"FAILED {name}: {why}" for name, why in found.failed.items()]
    say([*failed, found.line(), f"written to {folder / 'report.html'}"])
    if stop.is_signalled and not found.is_done:
        raise KeyboardInterrupt("stopped; the same command goes on from here")
    sys.exit(0 if found.is_done else 1)


class _Changes:
    """Prints how far a study is whenever that has changed."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, status: StudyStatus) -> None:
        if status.line() != self.last:
            self.last = status.line()
            click.echo(self.last, err=True)
