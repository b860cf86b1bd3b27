"""`hatsr data prepare` and `hatsr data check`."""

from __future__ import annotations

import click


@click.group()
def data() -> None:
    """Training pictures: cut them into shards, or look for what is wrong with them."""


@data.command()
@click.argument("folders", nargs=-1, required=True)
@click.option("-o", "--out", required=True, help="New folder for the shards and their manifest.")
@click.option("--size", default=480, show_default=True, help="Side, HR pixels; 0 keeps them whole.")
@click.option("--step", default=240, show_default=True, help="Distance of sub-images, HR pixels.")
@click.option("--scale", "scales", type=int, multiple=True, help="Store LR of this scale too.")
@click.option("--per-shard", default=1000, show_default=True, help="Sub-images in one tar file.")
def prepare(
    folders: tuple[str, ...],
    out: str,
    size: int,
    step: int,
    scales: tuple[int, ...],
    per_shard: int,
) -> None:
    """Cut the pictures in FOLDERS into overlapping sub-images and write tar shards.

    Broken and repeated files are left out and named. LR is cut from the LR of the whole picture.
    """
    from pathlib import Path

    from hatsr.data import preparing

    try:
        cut = preparing.Cut(size=size, step=step, scales=tuple(sorted(set(scales))))
        paths = [Path(folder) for folder in folders]
        done = preparing.prepare(paths, Path(out), cut, per_shard, click.echo)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{done.cuts:,} sub-images from {done.pictures - len(done.left_out):,} of "
        f"{done.pictures:,} files: {done.manifest}"
    )


@data.command()
@click.argument("source")
@click.option("--lr", help="Folder of LR pictures that must go with SOURCE.")
@click.option("--scale", type=click.IntRange(1), default=4, show_default=True, help="Of the LR.")
@click.option("--patch", default=64, show_default=True, help="LR patch of the run to come.")
@click.option("--test", "tests", multiple=True, help="Test set that must not be in SOURCE.")
def check(source: str, lr: str | None, scale: int, patch: int, tests: tuple[str, ...]) -> None:
    """Decode every picture of SOURCE (folder or manifest.json); report what cannot be used.

    Finds unreadable and too small files, LR that does not fit its HR, repeated pictures, and
    pictures of the test sets, mirrored or resized too. Exits with 1 if there is anything.
    """
    from pathlib import Path

    from hatsr.data import open_source, preparing

    try:
        opened = open_source([source], Path(lr) if lr else None, scale)
        against = tuple((test, open_source([test])) for test in tests)
        found = preparing.check(opened, scale, patch * scale, against)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for problem in found.problems:
        click.echo(f"{problem.kind:<11} {problem.name}: {problem.reason}")
    click.echo(
        f"{found.pictures:,} pictures, {found.megapixels:.1f} megapixels, "
        f"{len(found.problems)} problems"
    )
    if found.problems:
        raise SystemExit(1)
