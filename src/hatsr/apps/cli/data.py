"""`hatsr data prepare` and `hatsr data check`."""

from __future__ import annotations

from pathlib import Path

import click

from hatsr.apps.cli.errors import Command, wrong_usage
from hatsr.apps.cli.options import NAME, NEW_FOLDER, PATH, output_option


@click.group()
def data() -> None:
    """Training pictures: cut them into shards, or look for what is wrong with them."""


@data.command(cls=Command)
@click.argument("folders", nargs=-1, required=True, type=PATH)
@output_option(
    "New folder for the shards and their manifest.", metavar="DIR", type=NEW_FOLDER, required=True
)
@click.option(
    "--size",
    type=click.IntRange(0),
    default=480,
    show_default=True,
    help="Side, HR pixels; 0 keeps them whole.",
)
@click.option(
    "--step",
    type=click.IntRange(1),
    default=240,
    show_default=True,
    help="Distance of sub-images, HR pixels.",
)
@click.option(
    "--scale",
    "scales",
    type=click.IntRange(1),
    multiple=True,
    help="Store LR of this scale too.",
)
@click.option(
    "--per-shard",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Sub-images in one tar file.",
)
def prepare(
    folders: tuple[Path, ...],
    output: Path,
    size: int,
    step: int,
    scales: tuple[int, ...],
    per_shard: int,
) -> None:
    """Cut the pictures in FOLDERS into overlapping sub-images and write tar shards.

    Broken and repeated files are left out and named. LR is cut from the LR of the whole picture.
    """
    from hatsr.data import DataError, preparing

    with wrong_usage():
        cut = preparing.Cut(size=size, step=step, scales=tuple(sorted(set(scales))))
    with wrong_usage(DataError):  # nothing usable, or a folder that is not empty
        done = preparing.prepare(list(folders), output, cut, per_shard, click.echo)
    click.echo(
        f"{done.cuts:,} sub-images from {done.pictures - len(done.left_out):,} of "
        f"{done.pictures:,} files: {done.manifest}"
    )


@data.command(cls=Command)
@click.argument("source", type=NAME)
@click.option("--lr", type=PATH, help="Folder of LR pictures that must go with SOURCE.")
@click.option("--scale", type=click.IntRange(1), default=4, show_default=True, help="Of the LR.")
@click.option(
    "--patch",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="LR patch of the run to come.",
)
@click.option(
    "--test",
    "tests",
    type=PATH,
    multiple=True,
    help="Test set that must not be in SOURCE.",
)
def check(source: str, lr: Path | None, scale: int, patch: int, tests: tuple[Path, ...]) -> None:
    """Decode every picture of SOURCE (folder or manifest.json); report what cannot be used.

    Finds unreadable and too small files, LR that does not fit its HR, repeated pictures, and
    pictures of the test sets, mirrored or resized too. Exits with 1 if there is anything.
    """
    from hatsr.data import open_source, preparing

    with wrong_usage():
        opened = open_source([source], lr, scale)
        against = tuple((str(test), open_source([str(test)])) for test in tests)
    found = preparing.check(opened, scale, patch * scale, against)
    for problem in found.problems:
        click.echo(f"{problem.kind:<11} {problem.name}: {problem.reason}")
    click.echo(
        f"{found.pictures:,} pictures, {found.megapixels:.1f} megapixels, "
        f"{len(found.problems)} problems"
    )
    if found.problems:
        raise SystemExit(1)
