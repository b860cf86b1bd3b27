"""`hatsr data prepare`, `hatsr data check` and `hatsr data degrade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hatsr.data.degrade import Degradation


@click.group()
def data() -> None:
    """Training pictures: cut them into shards, look for what is wrong, make degraded LR."""


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

    from hatsr.data.prepare import Cut
    from hatsr.data.prepare import prepare as write

    try:
        cut = Cut(size=size, step=step, scales=tuple(sorted(set(scales))))
        done = write([Path(folder) for folder in folders], Path(out), cut, per_shard, click.echo)
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

    from hatsr.data.check import check as look
    from hatsr.data.shards import open_shards
    from hatsr.data.sources import open_folders

    try:
        is_manifest = source.endswith(".json")
        lr_folder = Path(lr) if lr else None
        opened = (
            open_shards(source) if is_manifest else open_folders([Path(source)], lr_folder, scale)
        )
        against = tuple((test, open_folders([Path(test)])) for test in tests)
        found = look(opened, scale, patch * scale, against)
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


@data.command()
@click.argument("picture")
@click.option("--as", "names", multiple=True, help="Preset, or recipe.yaml with a degrade section.")
@click.option("--show", is_flag=True, help="A grid to look at: clean LR and several degraded.")
@click.option("-o", "--out", help="File to write  [default: PICTURE_degraded.png or _grid.png]")
@click.option("--scale", type=click.IntRange(1), default=4, show_default=True, help="Of the LR.")
@click.option("--seed", default=0, show_default=True, help="Of all that is random.")
def degrade(
    picture: str, names: tuple[str, ...], show: bool, out: str | None, scale: int, seed: int
) -> None:
    """Make degraded LR of PICTURE, as a training with this degradation sees it.

    With --show the middle of the picture is degraded several times: a row for each --as (without
    any, for each preset), its first cell clean.
    """
    from pathlib import Path

    from hatsr.apps.usage import wrong_usage
    from hatsr.data.degrade import PRESETS, grid, sample_key
    from hatsr.data.degrade import degrade as make
    from hatsr.data.pixels import decode, downsample, modcrop
    from hatsr.image import check_writable, from_array, write

    if not show and len(names) != 1:
        known = ", ".join(PRESETS)
        raise click.UsageError(
            f"--as must be given once without --show, got {len(names)}: {known}, or a recipe.yaml"
        )
    end = "grid" if show else "degraded"
    path = Path(out) if out else Path(picture).with_name(f"{Path(picture).stem}_{end}.png")
    with wrong_usage():
        check_writable(path, (1, 1))
        models = {name: _degradation(name) for name in names or PRESETS}
        hr = modcrop(decode(Path(picture)), scale)
        if show:
            made = grid(hr, scale, list(models.values()), seed)
        else:
            made = make(downsample(hr, scale), hr, models[names[0]], sample_key(seed, 0))
    try:
        write(from_array(made), path)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    rows = f", rows {', '.join(models)}" if show else ""
    click.echo(f"{path}: {made.shape[0]} x {made.shape[1]}{rows}")


def _degradation(name: str) -> Degradation:
    """A preset, or that of a recipe file.

    Raises:
        ValueError: there is neither, or the recipe has none.
    """
    from pathlib import Path

    from hatsr.data.degrade import preset

    if not name.endswith((".yaml", ".yml")):
        return preset(name)
    from hatsr.training.recipe import read_recipe

    found = read_recipe(Path(name)).degrade
    if found is None:
        raise ValueError(f"{name} must have a section degrade, got none; name a preset instead")
    return found
