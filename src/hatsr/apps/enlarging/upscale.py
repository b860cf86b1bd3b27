"""`hatsr upscale`: files in, enlarged files out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, stop_when_terminated, wrong_usage
from hatsr.apps.cli.options import NAME, PATH, json_option, output_option
from hatsr.apps.cli.terminal import say
from hatsr.apps.enlarging.picture_bars import PictureBars
from hatsr.apps.enlarging.upscale_options import UpscaleOptions, check_quality, upscale_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatsr.batch import FoundPictures, Outcome


@click.command(cls=Command)
@click.argument("inputs", nargs=-1, required=True, type=NAME, metavar="INPUT...")
@output_option(
    "File for one picture, else folder. Default: beside the picture.",
    metavar="OUT",
    type=PATH,
)
@click.option("--recursive", "-r", is_flag=True, help="Subfolders too; OUT gets the same ones.")
@upscale_options(". Default: 60 % of what is free.")
@json_option("Print a JSON list of what was done and left out.")
def upscale(
    inputs: tuple[str, ...],
    output: Path | None,
    recursive: bool,
    how: UpscaleOptions,
    as_json: bool,
) -> None:
    """Enlarge pictures: files, folders or patterns.

    Reads PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF, of animations and documents all frames and pages;
    with hat-sr[video] also clips (mp4, mkv, mov, webm ...), which go on where they were stopped.
    Depth, gray, transparency, colour profile, EXIF and resolution are kept. A picture that cannot
    be read is reported and the others are done.
    From folders and patterns, results of earlier runs are left out; a file that is named is done.
    Without --model or --denoise, pictures that are noisy or much compressed get the real-world
    weights.

    Exit code: 0 all done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    from hatsr.batch import upscale as upscale_pictures
    from hatsr.inference.choosing import open_upscaler
    from hatsr.inference.tiling.tiling_remarks import tiling_remarks

    def check(found: FoundPictures) -> None:
        check_quality(where, found.pictures)
        say(tiling_remarks(upscaler, [picture.path for picture in found.pictures]))

    stop_when_terminated()
    with wrong_usage(), PictureBars(_line, check, quiet=as_json) as bars:
        where = how.output(output)
        upscaler = open_upscaler(how.model, how.settings(), how.overrides, how.denoise)
        try:
            stopped: BaseException | None = upscale_pictures(
                inputs,
                upscaler,
                where,
                recursive=recursive,
                max_pixels=how.largest(),
                watch=bars,
            ).stopped
        except KeyboardInterrupt as stop:
            stopped = stop
    if as_json:
        _print_json(bars.outcomes, bars.found.left_out if bars.found else {})
    code = _sum_up(bars.outcomes, len(bars.sizes), upscaler.settings.device, stopped)
    say(bars.found.remarks() if bars.found else [])
    sys.exit(code)


def _print_json(outcomes: Sequence[Outcome], left_out: Mapping[Path, str]) -> None:
    from hatsr.batch import Outcome

    left = [
        Outcome(source=path, target=None, status="left out", message=why)
        for path, why in left_out.items()
    ]
    click.echo(json.dumps([asdict(each) for each in (*outcomes, *left)], default=str, indent=2))


def _line(outcome: Outcome) -> str:
    """One picture's result in words."""
    if outcome.status == "failed":
        told = outcome.message.removeprefix(f"{outcome.source}: ")
        return f"FAILED {outcome.source}: {told}"
    if outcome.lr_size is None or outcome.sr_size is None:
        return f"skipped {outcome.source}: {outcome.target} {outcome.message}"
    (h, w), (sr_h, sr_w) = outcome.lr_size, outcome.sr_size
    weights = "" if outcome.choice else outcome.model  # why they were chosen says which
    note = "; ".join(filter(None, (weights, outcome.message)))
    return (
        f"{outcome.source} {w} x {h} -> {outcome.target} {sr_w} x {sr_h} "
        f"in {outcome.seconds:.1f} s ({note})"
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
        command = f"the same command{' with --skip-existing' if counts['done'] else ''}"
        click.echo(
            f"{reason}; {counts['done']} of {total} pictures done, no half file left; "
            f"{command} goes on from here",
            err=True,
        )
        return 130 if isinstance(stopped, KeyboardInterrupt) else 1
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    click.echo(f"{counted}, on {device}", err=True)
    return 1 if counts["failed"] else 0
