"""`hatsr models`: what weights there are."""

import json
from dataclasses import asdict

import click

from hatsr.apps.cli.exit_codes import Command
from hatsr.apps.cli.options import json_option


@click.command(cls=Command)
@json_option()
def models(as_json: bool) -> None:
    """List the weights in the package, and the networks that checkpoints can be given for."""
    from hatsr import checkpoint

    found = checkpoint.shipped_weights()
    if as_json:
        rows = [asdict(row) for row in found]
        click.echo(json.dumps({"shipped": rows, "networks": checkpoint.NETWORK_NAMES}, indent=2))
        return
    click.echo("shipped weights (hatsr upscale --model NAME):")
    for row in found:
        default = ", default" if row.name == checkpoint.DEFAULT_MODEL else ""
        figures = ", ".join(f"{data} {value:.2f} dB" for data, value in row.psnr_y.items())
        click.echo(
            f"  {row.name}: x{row.scale}, {row.parameters / 1e6:.2f} M parameters, "
            f"{row.bytes / 1e6:.1f} MB{default}" + (f"; {figures}" if figures else "")
        )
    click.echo(f"networks (give a checkpoint file): {', '.join(checkpoint.NETWORK_NAMES)}")
