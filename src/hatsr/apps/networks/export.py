"""`hatsr export`: a network for ONNX Runtime or OpenVINO."""

from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import NAME, NEW_FILE, overwrite_option
from hatsr.apps.cli.overrides import set_option


@click.command(cls=Command)
@click.argument("model", type=NAME)
@click.argument("target", type=NEW_FILE)
@click.option("--half", is_flag=True, help="Store weights as float16 (OpenVINO only).")
@set_option()
@overwrite_option
def export(
    model: str, target: Path, half: bool, overrides: dict[str, object], overwrite: bool
) -> None:
    """Write the checkpoint MODEL as TARGET: .onnx, or .xml and .bin for OpenVINO.

    The file takes `lr`, float32 1x3xHxW in [0, 1] of any size, and gives `sr`, not clamped. It is
    run once and compared with the network before it is put in place.
    """
    from hatsr.export.target import check_target, outputs

    with wrong_usage():
        check_target(target, half)
        existing = [path for path in outputs(target) if path.exists()]
        if existing and not overwrite:
            names = " and ".join(path.name for path in existing)
            raise FileExistsError(f"{names} exists; give --overwrite")

    from hatsr import checkpoint
    from hatsr.export.exporting import as_exportable
    from hatsr.export.exporting import export as write
    from hatsr.files import check_not_input

    with wrong_usage():
        path = checkpoint.resolve(model)
        for output in existing:
            check_not_input(output, [path])
        found = checkpoint.read(path, overrides)
        network = as_exportable(found.model())
    name = checkpoint.called(path)
    done = write(network, target, {"name": name, **found.metadata}, half=half)
    click.echo(
        f"{target}: {name} x{found.config.scale}, {done.size / 1e6:.1f} MB, "
        f"differs from the network by {done.difference:.1e}"
    )
