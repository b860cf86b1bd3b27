"""The command `hatsr`. Each subcommand is imported when it is called, so that help is instant."""

from importlib import import_module
from typing import Any

import click

from hatsr.apps.cli.exit_codes import stopped_by_user
from hatsr.version import __version__

COMMANDS = {
    "upscale": ("enlarging.upscale", "Enlarge pictures."),
    "batch": ("enlarging.batch", "Enlarge many pictures, however often it is stopped."),
    "models": ("networks.models", "List shipped weights and known networks."),
    "info": ("networks.info", "Say what a checkpoint holds, or how this machine runs."),
    "convert": ("networks.convert", "Rewrite a checkpoint in another layout."),
    "blend": ("networks.blend", "Make one checkpoint of two."),
    "export": ("networks.export", "Write a network for ONNX Runtime or OpenVINO."),
    "complexity": ("networks.complexity", "Count parameters and multiply-adds."),
    "evaluate": ("studying.evaluate", "Measure a model on benchmark sets."),
    "compare": ("studying.compare", "Compare models picture by picture."),
    "train": ("learning.train", "Train a network by a recipe."),
    "finetune": ("learning.train", "Go on training a model on a folder of pictures."),
    "lab": ("studying.lab", "Try what the paper says: variants over seeds, by a study."),
    "data": ("learning.data", "Prepare and check pictures for training."),
    "lam": ("studying.lam", "Show which pixels a network used (LAM)."),
    "lam-sweep": ("studying.lam", "Mean diffusion index over positions and pictures."),
    "features": ("studying.features", "Show a network's feature maps."),
    "web": ("enlarging.web", "Serve a page and an HTTP API."),
}
"""The module in `hatsr.apps` that holds a command, and what it does."""


class Commands(click.Group):
    """Subcommands by name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        return getattr(import_module(f"hatsr.apps.{module}"), cmd_name.replace("-", "_"))

    def invoke(self, ctx: click.Context) -> Any:
        """Import and run a command; Ctrl-C may come while it is imported."""
        with stopped_by_user():
            return super().invoke(ctx)

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
