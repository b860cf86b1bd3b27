"""`hatsr features`: feature maps after each RHAG, and how blocky they are."""

import click


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    default=("hat-t-x4",),
    show_default=True,
    help="Shipped name, file, folder, hf://owner/name/file or random:PRESET; repeat to compare.",
)
@click.option("--layer", "-l", "layers", multiple=True, type=int, help="RHAG, from 1; default all.")
@click.option("--window", type=int, help="Of the blocking index; default each network's own.")
@click.option("--lr", "is_lr", is_flag=True, help="The picture is the LR, not the HR one.")
@click.option("--output", "-o", type=click.Path(), help="Figure: .png, .svg or .pdf.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, mps.")
def features(  # noqa: PLR0913 - one argument for each option
    image: str,
    models: tuple[str, ...],
    layers: tuple[int, ...],
    window: int | None,
    is_lr: bool,
    output: str | None,
    device: str,
) -> None:
    """Measure and show intermediate features of networks for IMAGE (the HR picture).

    The blocking index is the energy of differences across window borders over that elsewhere:
    1 where borders do not show, more where they do.
    """
    from pathlib import Path

    from hatsr.attribution import check_figure_file
    from hatsr.attribution import features as measure

    if output is not None:
        check_figure_file(Path(output))
    found = measure(models, image, layers, window=window, is_lr=is_lr, device=device)
    for line in found.lines():
        click.echo(line)
    if output is not None:
        found.draw(Path(output))
        click.echo(f"figure: {output}", err=True)
