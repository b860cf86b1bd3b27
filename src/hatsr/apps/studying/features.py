"""`hatsr features`: feature maps after each RHAG, and how blocky they are."""

from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import FILE, NEW_FILE, device_option, models_option, output_option


@click.command(cls=Command)
@click.argument("picture", type=FILE)
@models_option("or random:PRESET")
@click.option(
    "--layer",
    "-l",
    "layers",
    multiple=True,
    type=int,
    help="Number of an RHAG, from 1; again for more. Default: all.",
)
@click.option(
    "--window",
    type=click.IntRange(2),
    help="Side of the windows of the blocking index. Default: each network's own.",
)
@click.option("--is-lr", is_flag=True, help="The picture is the LR, not the HR one.")
@output_option("Figure: .png, .svg or .pdf.", metavar="FILE", type=NEW_FILE)
@device_option
def features(  # noqa: PLR0913  one parameter for each option
    picture: Path,
    models: tuple[str, ...],
    layers: tuple[int, ...],
    window: int | None,
    is_lr: bool,
    output: Path | None,
    device: str,
) -> None:
    """Measure and show intermediate features of networks for PICTURE, the HR one.

    The blocking index is the energy of differences across window borders over that elsewhere:
    1 where borders do not show, more where they do.
    """
    from hatsr.attribution import check_figure_file
    from hatsr.attribution import features as measure
    from hatsr.checkpoint import DEFAULT_MODEL
    from hatsr.files import check_not_input
    from hatsr.inference.settings import choose_device

    models = models or (DEFAULT_MODEL,)
    with wrong_usage():
        if output is not None:
            check_figure_file(output)
            check_not_input(output, [picture, *models])
        found = measure(
            models, picture, layers, window=window, is_lr=is_lr, device=choose_device(device)
        )
    for line in found.lines():
        click.echo(line)
    if output is not None:
        found.draw(output)
        click.echo(f"figure: {output}", err=True)
