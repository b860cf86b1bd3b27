"""The command `hatsr`. Each subcommand is imported when it is called, so that help is instant."""

from importlib import import_module

import click

from hatsr import __version__

COMMANDS = {
    "upscale": ("hatsr.apps.upscale:upscale", "Enlarge pictures."),
    "models": ("hatsr.apps.models:models", "List shipped weights and known networks."),
    "info": ("hatsr.apps.info:info", "Say what a checkpoint holds, or how this machine runs."),
    "convert": ("hatsr.apps.convert:convert", "Rewrite a checkpoint in another layout."),
    "export": ("hatsr.apps.export:export", "Write a network for ONNX Runtime or OpenVINO."),
    "complexity": ("hatsr.apps.complexity:complexity", "Count parameters and multiply-adds."),
    "evaluate": ("hatsr.apps.evaluate:evaluate", "Measure a model on benchmark sets."),
    "compare": ("hatsr.apps.compare:compare", "Compare models picture by picture."),
    "train": ("hatsr.apps.train:train", "Train a network by a recipe."),
    "finetune": ("hatsr.apps.train:finetune", "Go on training a model on a folder of pictures."),
    "data": ("hatsr.apps.data:data", "Prepare and check pictures for training."),
    "lam": ("hatsr.apps.lam:lam", "Show which pixels a network used (LAM)."),
    "lam-sweep": ("hatsr.apps.lam:lam_sweep", "Mean diffusion index over positions and pictures."),
    "features": ("hatsr.apps.features:features", "Show a network's feature maps."),
}


class Commands(click.Group):
    """Subcommands by name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        return getattr(import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line each, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hatsr")
def cli() -> None:
    """Super-resolution with the Hybrid Attention Transformer (HAT).

    hatsr upscale photo.jpg   enlarges a photo four times.
    """


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
