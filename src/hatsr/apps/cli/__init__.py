"""The command `hatsr`, and what its commands share: options, exit codes, the terminal."""

from hatsr.apps.cli.main import cli, main

__all__ = ["cli", "main"]
