"""`hatsr blend`: one checkpoint of two."""

from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import NAME, PATH, output_option, overwrite_option
from hatsr.apps.networks.info import name_network, say_assumed


@click.command(cls=Command)
@click.argument("first", type=NAME)
@click.argument("second", type=NAME)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1),
    required=True,
    help="From 0, which is FIRST, to 1, SECOND.",
)
@output_option(
    "File: .safetensors, or .pth in the official layout.", metavar="OUT", type=PATH, required=True
)
@overwrite_option
def blend(first: str, second: str, alpha: float, output: Path, overwrite: bool) -> None:
    """Write the network whose weights lie between those of FIRST and SECOND.

    Both must be of one shape, one fine-tuned from the other: a real-world network and the clean one
    that it came from, or one trained for fidelity and one with a discriminator.
    """
    from hatsr import checkpoint
    from hatsr.files import check_not_input

    layout: checkpoint.Layout = "official" if output.suffix == ".pth" else "hatsr"
    with wrong_usage():
        paths = [checkpoint.resolve(source) for source in (first, second)]
        check_not_input(output, paths)
        checkpoint.check_target(output, layout)
        if output.exists() and not overwrite:
            raise FileExistsError(f"{output} exists; give --overwrite")
        one, other = (checkpoint.read(path) for path in paths)
        found = checkpoint.blend(one, other, alpha, (first, second))
    checkpoint.save(
        found.model(), output, layout=layout, metadata=found.metadata, assumed=found.assumed
    )
    say_assumed(found)
    click.echo(f"{output}: {name_network(found.config)}, {found.metadata['blend']}")
