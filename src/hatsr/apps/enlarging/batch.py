"""`hatsr batch`: a folder or a manifest, through all of it, however often it is stopped."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, stop_when_terminated, wrong_usage
from hatsr.apps.cli.options import NAME, PATH, json_option, output_option
from hatsr.apps.cli.terminal import printable, say
from hatsr.apps.enlarging.picture_bars import JobBar, job_line
from hatsr.apps.enlarging.upscale_options import UpscaleOptions, upscale_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatsr.batch import BatchEngine, Status


@click.command(cls=Command)
@click.argument("source", required=False, type=NAME, metavar="DIR|MANIFEST|ADDRESS")
@output_option("Folder for results, database and summary.", metavar="OUT", type=PATH, required=True)
@click.option(
    "--results", type=NAME, metavar="ADDRESS", help="Where results go: s3://bucket/large or such."
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes here, or actors on a cluster of Ray.",
)
@click.option(
    "--workers", type=click.IntRange(1), help="Processes that work. Default: by cores and memory."
)
@click.option(
    "--threads", type=click.IntRange(1), help="Threads of each worker. Default: its share."
)
@click.option(
    "--gpus", type=click.FloatRange(0), default=0.0, help="GPUs of each worker on a cluster."
)
@click.option("--retry-failed", is_flag=True, help="Also do again what failed.")
@click.option("--status", is_flag=True, help="Say how far OUT is, running or stopped, and leave.")
@upscale_options(" for each picture. Default: 60 % of what is free, shared by the workers.")
@json_option("Print how far it is as JSON.")
def batch(  # noqa: PLR0913  one parameter for each option
    source: str | None,
    output: Path,
    results: str | None,
    engine: BatchEngine,
    workers: int | None,
    threads: int | None,
    gpus: float,
    retry_failed: bool,
    status: bool,
    how: UpscaleOptions,
    as_json: bool,
) -> None:
    """Enlarge all pictures of a folder and its subfolders, or those that a manifest lists.

    An address, such as s3://bucket/scans, is a folder in an object store.

    A manifest is a text file with a path on each line, relative to the manifest. Results are those
    of hatsr upscale. The command may be stopped or killed at any moment; the same command goes on.

    Exit code: 0 all done, 1 some failed or the work had to stop, 2 wrong usage, 130 Ctrl-C.
    """
    from hatsr.batch import warm_up

    if source is not None and not status and engine == "local":
        warm_up()  # before this process imports PyTorch for itself
    from hatsr.batch import Job, WorkerSettings, read_status, run_job

    if status:
        _print_status(read_status(output), as_json)
        return
    if source is None:
        raise click.UsageError("give a folder or a manifest, or --status")
    stop_when_terminated()
    with wrong_usage(ValueError):
        job = Job(
            model=how.model,
            overrides=how.overrides,
            denoise=how.denoise,
            settings=how.settings(),
            output=how.output(),
            results=results,
            max_pixels=how.largest(),
        )
        worker_settings = WorkerSettings(engine=engine, workers=workers, threads=threads, gpus=gpus)
        place = source if "://" in source else Path(source)
        try:
            with JobBar(quiet=as_json) as bar:
                done = run_job(
                    *(place, output, job, bar),
                    worker_settings=worker_settings,
                    retry_failed=retry_failed,
                )
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped; the same command goes on from here") from None
    _print_result(done, as_json)
    sys.exit(1 if done.stopped or done.of("failed") else 0)


def _print_status(status: Status, as_json: bool) -> None:
    if as_json:
        _print_json(status)
        return
    click.echo(f"{status.phase}: {job_line(status)}")
    if status.phase == "stopped":
        command = shlex.join(["hatsr", "batch", status.source or "INPUT", "-o", str(status.folder)])
        click.echo(printable(f"to go on, with the options that it was begun with: {command}"))


def _print_result(status: Status, as_json: bool) -> None:
    if as_json:
        _print_json(status)
        return
    click.echo(job_line(status))
    if status.weights:
        click.echo(printable(_weights_line(status.weights)))
    say(status.remarks)
    if status.stopped:
        click.echo(f"stopped: {status.stopped}; the same command goes on from here", err=True)


def _print_json(status: Status) -> None:
    click.echo(json.dumps(asdict(status), default=str, indent=2))


def _weights_line(weights: Mapping[str, int]) -> str:
    """Which weights made how many pictures: ``hat-t-x4: 9 pictures, hat-t-real-x4: 3``."""
    counts = [f"{model or 'not recorded'}: {count:,}" for model, count in weights.items()]
    noun = "picture" if next(iter(weights.values())) == 1 else "pictures"
    return ", ".join([f"{counts[0]} {noun}", *counts[1:]])
