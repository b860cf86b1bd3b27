"""`hatsr data prepare`, `hatsr data check` and `hatsr data degrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import FILE, NAME, NEW_FILE, NEW_FOLDER, PATH, output_option

if TYPE_CHECKING:
    from hatsr.data.degrade import Degradation


@click.group()
def data() -> None:
    """Training pictures: cut them into shards, look for what is wrong, make degraded LR."""


@data.command(cls=Command)
@click.argument("folders", nargs=-1, required=True, type=PATH, metavar="DIR...")
@output_option(
    "New folder for the shards and their manifest.", metavar="DIR", type=NEW_FOLDER, required=True
)
@click.option(
    "--size",
    type=click.IntRange(0),
    default=480,
    show_default=True,
    help="Side of sub-images, HR pixels; 0 keeps pictures whole.",
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
    help="Enlargement factor to store LR for; again for more.",
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
    """Cut the pictures in the folders DIR into overlapping sub-images and write tar shards.

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
@click.argument("source", type=NAME, metavar="DIR|MANIFEST")
@click.option("--lr", type=PATH, metavar="DIR", help="LR pictures that must go with those HR ones.")
@click.option(
    "--scale",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Enlargement factor of the LR.",
)
@click.option(
    "--patch",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Side of patches of the run to come, LR pixels.",
)
@click.option(
    "--test",
    "tests",
    type=PATH,
    multiple=True,
    metavar="DIR",
    help="Test set that must not be among the pictures; again for more.",
)
def check(source: str, lr: Path | None, scale: int, patch: int, tests: tuple[Path, ...]) -> None:
    """Decode every picture of a folder or a manifest.json; report what cannot be used.

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


@data.command(cls=Command)
@click.argument("picture", type=FILE)
@click.option(
    "--as",
    "names",
    type=NAME,
    multiple=True,
    metavar="PRESET|RECIPE",
    help="How: a preset, or a recipe file with a degrade section; again for more with --show.",
)
@click.option("--show", is_flag=True, help="Make a grid to look at: clean LR and several degraded.")
@output_option(
    "File to write. Default: PICTURE_degraded.png or _grid.png.", metavar="FILE", type=NEW_FILE
)
@click.option(
    "--scale",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Enlargement factor of the LR.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the random choices.")
def degrade(
    picture: Path, names: tuple[str, ...], show: bool, output: Path | None, scale: int, seed: int
) -> None:
    """Make degraded LR of PICTURE, as a training with this degradation sees it.

    With --show the middle of the picture is degraded several times: a row for each --as (without
    any, for each preset), its first cell clean.
    """
    from hatsr.data.degrade import PRESETS, grid, sample_key
    from hatsr.data.degrade import degrade as make
    from hatsr.data.pictures import decode, downsample
    from hatsr.files import check_not_input
    from hatsr.image import check_writable, from_array, modcrop, write

    if not show and len(names) != 1:
        known = ", ".join(PRESETS)
        raise click.UsageError(
            f"--as must be given once without --show, got {len(names)}: {known}, or a recipe.yaml"
        )
    end = "grid" if show else "degraded"
    path = output or picture.with_name(f"{picture.stem}_{end}.png")
    with wrong_usage():
        check_not_input(path, [picture])
        check_writable(path, (1, 1))
        models = {name: _degradation(name) for name in names or PRESETS}
        hr = modcrop(decode(picture), scale)
    if show:
        made = grid(hr, scale, list(models.values()), seed)
    else:
        made = make(downsample(hr, scale), hr, models[names[0]], sample_key(seed, 0))
    write(from_array(made), path)
    rows = f", rows {', '.join(models)}" if show else ""
    click.echo(f"{path}: {made.shape[0]} x {made.shape[1]}{rows}")


def _degradation(name: str) -> Degradation:
    """A preset, or that of a recipe file.

    Raises:
        ValueError: there is neither, or the recipe has none.
    """
    from hatsr.data.degrade import preset

    if not name.endswith((".yaml", ".yml")):
        return preset(name)
    from hatsr.training import read_recipe

    found = read_recipe(name).degrade
    if found is None:
        raise ValueError(f"{name} must have a section degrade, got none; name a preset instead")
    return found
