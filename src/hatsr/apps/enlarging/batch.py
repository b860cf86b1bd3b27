"""`hatsr batch`: a folder or a manifest, through all of it, however often it is stopped."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import (
    PATH,
    denoise_option,
    device_option,
    ending_option,
    ensemble_option,
    existing_options,
    first_frame_option,
    json_option,
    max_pixels_option,
    memory_option,
    model_option,
    output_option,
    precision_option,
    quality_option,
    scale_option,
    tile_option,
)
from hatsr.apps.cli.overrides import set_option
from hatsr.apps.cli.terminal import JobBar, job_line

if TYPE_CHECKING:
    from hatsr.batch import Existing, Status
    from hatsr.inference.settings import Precision


@click.command(cls=Command)
@click.argument("source", required=False, type=PATH, metavar="DIR|MANIFEST")
@output_option("Folder for results, books and summary.", metavar="OUT", type=PATH, required=True)
@click.option("--workers", type=click.IntRange(1), help="Processes. Default: by cores and memory.")
@click.option("--retry-failed", is_flag=True, help="Do what failed again.")
@click.option("--status", is_flag=True, help="Say how far OUT is, running or stopped, and leave.")
@model_option()
@denoise_option
@scale_option
@ending_option
@quality_option
@memory_option(" for each picture. Default: 60 % of what is free, shared by the workers.")
@tile_option
@precision_option
@ensemble_option
@device_option
@existing_options
@first_frame_option
@max_pixels_option
@set_option()
@json_option("Print how far it is as JSON.")
def batch(  # noqa: PLR0913  one parameter for each option
    source: Path | None,
    output: Path,
    workers: int | None,
    retry_failed: bool,
    status: bool,
    model: str | None,
    denoise: float | None,
    scale: float | None,
    ending: str | None,
    quality: int | None,
    memory: str | None,
    tile: int | None,
    precision: Precision,
    ensemble: bool,
    device: str,
    existing: Existing | None,
    first_frame: bool,
    max_pixels: int | None,
    overrides: dict[str, object],
    as_json: bool,
) -> None:
    """Enlarge all pictures of a folder and its subfolders, or those that a manifest lists.

    A manifest is a text file with a path on each line, relative to the manifest. Results are those
    of hatsr upscale. The command may be stopped or killed at any moment; the same command goes on.

    Exit code: 0 all done, 1 some failed or the work had to stop, 2 wrong usage, 130 Ctrl-C.
    """
    from hatsr import image
    from hatsr.batch import Job, Output, read_status, run_job
    from hatsr.inference.settings import Settings

    if status:
        _print(read_status(output), as_json)
        return
    if source is None:
        raise click.UsageError("give a folder or a manifest, or --status")
    signal.signal(signal.SIGTERM, _interrupt)
    with wrong_usage(ValueError):
        job = Job(
            model=model,
            overrides=overrides,
            denoise=denoise,
            settings=Settings(
                device=device,
                precision=precision,
                memory=memory,
                tile=tile,
                ensemble=ensemble,
                scale=scale,
            ),
            output=Output(
                ending=ending and f".{ending.lower().lstrip('.')}",
                quality=quality,
                existing=existing or "refuse",
                first_frame=first_frame,
            ),
            max_pixels=max_pixels or image.MAX_PIXELS,
        )
        with JobBar(quiet=as_json) as bar:
            done = run_job(source, output, job, bar, workers=workers, retry_failed=retry_failed)
    _print(done, as_json)
    sys.exit(1 if done.stopped or done.of("failed") else 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A polite kill stops like Ctrl-C."""
    raise KeyboardInterrupt


def _print(status: Status, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(status), default=str, indent=2))
        return
    click.echo(job_line(status))
    if status.stopped:
        click.echo(f"stopped: {status.stopped}; the same command goes on from here", err=True)
