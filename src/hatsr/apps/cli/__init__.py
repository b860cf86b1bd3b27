"""The command line: one file a command, what they share in `options`, `errors` and `terminal`."""

from hatsr.apps.cli.main import cli, main

__all__ = ["cli", "main"]
