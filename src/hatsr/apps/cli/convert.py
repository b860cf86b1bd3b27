"""`hatsr convert`: a checkpoint in another layout."""

from __future__ import annotations

from pathlib import Path

import click

from hatsr.apps.cli.errors import Command, wrong_usage
from hatsr.apps.cli.info import name_network
from hatsr.apps.cli.options import NAME, NEW_FILE, overwrite_option


@click.command(cls=Command)
@click.argument("source", type=NAME)
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
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="float16 halves the file.",
)
@overwrite_option
def convert(source: str, target: Path, layout: str, dtype: str, overwrite: bool) -> None:
    """Read the checkpoint SOURCE and write TARGET (.safetensors; official also .pth)."""
    import torch

    from hatsr import checkpoint
    from hatsr.files import check_not_input

    with wrong_usage():
        path = checkpoint.resolve(source)
        check_not_input(target, [path])
        if target.exists() and not overwrite:
            raise FileExistsError(f"{target} exists; give --overwrite")
        found = checkpoint.read(path)
    metadata = {k: v for k, v in found.metadata.items() if k not in ("config", "format")}
    checkpoint.save(
        found.model(),
        target,
        layout="official" if layout == "official" else "hatsr",
        dtype=getattr(torch, dtype),
        metadata=metadata,
    )
    click.echo(f"{target}: {name_network(found.config)}, {layout} layout, {dtype}")
