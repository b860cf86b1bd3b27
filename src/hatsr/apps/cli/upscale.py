"""`hatsr upscale`: files in, enlarged files out."""

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
    NAME,
    PATH,
    device_option,
    json_option,
    memory_option,
    model_option,
    output_option,
)
from hatsr.apps.cli.overrides import set_option
from hatsr.apps.cli.terminal import PictureBars, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatsr.inference.batch import Outcome
    from hatsr.inference.destination import Existing
    from hatsr.inference.settings import Precision


@click.command(cls=Command)
@click.argument("inputs", nargs=-1, required=True, type=NAME, metavar="INPUT...")
@output_option(
    "File for one picture, else folder. Default: beside the picture.",
    metavar="OUT",
    type=PATH,
)
@model_option()
@click.option(
    "--scale",
    type=float,
    help="Factor, up to the model's own; smaller ones are reduced from it.",
)
@click.option(
    "--format",
    "ending",
    metavar="ENDING",
    help="png, jpg, webp, tif or avif. Default: as the source.",
)
@click.option("--quality", type=int, help="1 to 100, for jpg, webp, avif.")
@memory_option(". Default: 60 % of what is free.")
@click.option(
    "--tile",
    type=int,
    metavar="PIXELS",
    help="Side of tiles in LR pixels. Default: the whole picture, or what fits.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "bf16", "int8"]),
    default="fp32",
    show_default=True,
    help="fp16 and bf16 need a GPU, int8 a CPU with VNNI; it is refused if it costs over 0.05 dB.",
)
@click.option("--ensemble", is_flag=True, help="Average over 8 flips and turns; 8 times slower.")
@device_option
@click.option("--recursive", "-r", is_flag=True, help="Subfolders too; OUT gets the same ones.")
@click.option("--overwrite", "existing", flag_value="overwrite", help="Replace existing results.")
@click.option("--skip-existing", "existing", flag_value="skip", help="Leave existing results.")
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    metavar="N",
    help="Largest height x width to read, if the usual limit is too low.",
)
@set_option()
@json_option("Print a JSON list of what was done and left out.")
def upscale(  # noqa: PLR0913  one parameter for each option
    inputs: tuple[str, ...],
    output: Path | None,
    model: str | None,
    scale: float | None,
    ending: str | None,
    quality: int | None,
    memory: str | None,
    tile: int | None,
    precision: Precision,
    ensemble: bool,
    device: str,
    recursive: bool,
    existing: Existing | None,
    max_pixels: int | None,
    overrides: dict[str, object],
    as_json: bool,
) -> None:
    """Enlarge pictures: files, folders or patterns.

    Reads PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF. Depth, gray, transparency, colour profile, EXIF
    and resolution are kept. A picture that cannot be read is reported and the others are done.
    From folders and patterns, results of earlier runs are left out; a file that is named is done.

    Exit code: 0 all done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    from hatsr import checkpoint, image
    from hatsr.inference.batch import Outcome, upscale_files
    from hatsr.inference.destination import Output, check_output
    from hatsr.inference.finding import find_pictures
    from hatsr.inference.opening import open_model
    from hatsr.inference.settings import Settings

    signal.signal(signal.SIGTERM, _interrupt)
    with wrong_usage():
        found = find_pictures(inputs, recursive=recursive)
        if not found.pictures:
            raise ValueError("; ".join((f"no pictures in {', '.join(inputs)}", *found.remarks())))
        where = Output(
            place=output,
            ending=ending and f".{ending.lower().lstrip('.')}",
            quality=quality,
            existing=existing or "refuse",
        )
        check_output(where, found.pictures)
        settings = Settings(
            device=device,
            precision=precision,
            memory=memory,
            tile=tile,
            ensemble=ensemble,
            scale=scale,
        )
        upscaler = open_model(model or checkpoint.default_model(scale), settings, overrides)
    outcomes: list[Outcome] = []
    stopped = None
    with PictureBars([each.path for each in found.pictures], quiet=as_json) as bars:
        limit = max_pixels or image.MAX_PIXELS
        try:
            for outcome in upscale_files(upscaler, found.pictures, where, bars.tell, limit):
                outcomes.append(outcome)
                bars.report(outcome.source, _line(outcome))
        except (KeyboardInterrupt, OSError) as error:
            stopped = error
    if as_json:
        left = [
            Outcome(source=path, target=None, status="left out", message=why)
            for path, why in found.left_out.items()
        ]
        click.echo(json.dumps([asdict(each) for each in (*outcomes, *left)], default=str, indent=2))
    code = _sum_up(outcomes, len(found.pictures), upscaler.settings.device, stopped)
    say(found.remarks())
    sys.exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A polite kill stops like Ctrl-C: nothing half-written stays."""
    raise KeyboardInterrupt


def _line(outcome: Outcome) -> str:
    """One picture's result in words."""
    if outcome.status == "failed":
        told = outcome.message.removeprefix(f"{outcome.source}: ")
        return f"FAILED {outcome.source}: {told}"
    if outcome.lr_size is None or outcome.sr_size is None:
        return f"skipped {outcome.source}: {outcome.target} {outcome.message}"
    (h, w), (sr_h, sr_w) = outcome.lr_size, outcome.sr_size
    note = f" ({outcome.message})" if outcome.message else ""
    return (
        f"{outcome.source} {w} x {h} -> {outcome.target} {sr_w} x {sr_h} "
        f"in {outcome.seconds:.1f} s{note}"
    )


def _sum_up(
    outcomes: Sequence[Outcome], total: int, device: str, stopped: BaseException | None
) -> int:
    """Say how it went; returns the exit code."""
    counts = {
        name: sum(o.status == name for o in outcomes) for name in ("done", "skipped", "failed")
    }
    if stopped is not None:
        reason = str(stopped) or "stopped"
        click.echo(
            f"{reason}; {counts['done']} of {total} pictures done, no half file left; "
            "--skip-existing goes on from here",
            err=True,
        )
        return 130 if isinstance(stopped, KeyboardInterrupt) else 1
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    click.echo(f"{counted}, on {device}", err=True)
    return 1 if counts["failed"] else 0
