"""`hatsr convert`: a checkpoint in another layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import NAME, NEW_FILE, overwrite_option
from hatsr.apps.cli.overrides import NOT_IN_TENSORS, set_option
from hatsr.apps.networks.info import name_network, say_assumed, values_of

if TYPE_CHECKING:
    from hatsr.checkpoint import Layout


@click.command(cls=Command)
@click.argument("model", type=NAME)
@click.argument("target", type=NEW_FILE)
@click.option(
    "--layout",
    type=click.Choice(["hatsr", "official"]),
    default="hatsr",
    show_default=True,
    help="Whose tensor names the result has.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "bfloat16"]),
    default="float32",
    show_default=True,
    help="float16 and bfloat16 halve the file; bfloat16 is coarser, and holds any weight.",
)
@set_option(f"{NOT_IN_TENSORS} It is kept in TARGET.")
@overwrite_option
def convert(
    model: str,
    target: Path,
    layout: Layout,
    dtype: str,
    overrides: dict[str, object],
    overwrite: bool,
) -> None:
    """Read the checkpoint MODEL and write TARGET (.safetensors; official also .pth)."""
    import torch

    from hatsr import checkpoint
    from hatsr.files import check_not_input

    with wrong_usage():
        path = checkpoint.resolve(model)
        check_not_input(target, [path])
        if target.exists() and not overwrite:
            raise FileExistsError(f"{target} exists; give --overwrite")
        found = checkpoint.read(path, overrides)
    checkpoint.check_target(target, layout)
    checkpoint.save(
        found.model(),
        target,
        layout=layout,
        dtype=getattr(torch, dtype),
        metadata=found.metadata,
        assumed=found.assumed,
    )
    say_assumed(found)
    unseen = checkpoint.unseen(found.config)
    if layout == "official" and unseen:
        values = values_of(found.config, unseen)
        click.echo(f"other programs must be told, since no tensor shows it: {values}", err=True)
    click.echo(f"{target}: {name_network(found.config)}, {layout} layout, {dtype}")
