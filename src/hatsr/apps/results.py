"""Results of `hatsr evaluate` and `hatsr compare` on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hatsr.evaluation import Table


_ENDLESS = 1000
"""Columns of a pipe, which has no width to keep to."""


def show(table: Table) -> None:
    """Print a table, measured rows in bold."""
    from rich.console import Console
    from rich.table import Table as Drawn

    drawn = Drawn(box=None, pad_edge=False)
    for index, name in enumerate(table.header):
        stacked = name.replace(" ", "\n", 1)
        drawn.add_column(stacked, justify="right" if index else "left", overflow="fold")
    for index, row in enumerate(table.rows):
        drawn.add_row(*row, style="bold" if index in table.ours else None)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _ENDLESS
    click.echo(table.title)
    console.print(drawn)
    for note in table.notes:
        click.echo(note)
    click.echo()


def say(lines: Iterable[str]) -> None:
    """Print remarks where they do not disturb a JSON document."""
    for line in lines:
        click.echo(line, err=True)
