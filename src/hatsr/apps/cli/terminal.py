"""The terminal: a bar, tables and remarks. Names of files and models are never taken for markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

    from hatsr.evaluation import Table

_ENDLESS = 1000
"""Columns of a pipe, which has no width to keep to."""


def open_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that prints texts as they are."""
    from rich.console import Console

    return Console(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)


def words() -> ProgressColumn:
    """The column of a bar that shows its description, as it is."""
    from rich.progress import TextColumn

    return TextColumn("{task.description}", markup=False)


@contextmanager
def counting(what: str) -> Generator[Callable[..., None], None, None]:
    """A bar on the terminal's error stream; takes what is done, the total, and words."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = open_console(stderr=True)
    columns = (words(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def update(done: int, total: int, told: str = "") -> None:
            description = f"{what} {told}".rstrip()
            bar.update(task, completed=done, total=total, description=description)

        yield update


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, such as 1:02:03."""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def show(table: Table) -> None:
    """Print a table, measured rows in bold."""
    from rich.table import Table as Drawn

    drawn = Drawn(box=None, pad_edge=False)
    for index, name in enumerate(table.header):
        stacked = name.replace(" ", "\n", 1)
        drawn.add_column(stacked, justify="right" if index else "left", overflow="fold")
    for index, row in enumerate(table.rows):
        drawn.add_row(*row, style="bold" if index in table.ours else None)
    console = open_console()
    if not console.is_terminal:
        console.width = _ENDLESS
    click.echo(table.title)
    console.print(drawn)
    for note in table.notes:
        click.echo(note)
    click.echo()


@runtime_checkable
class Printable(Protocol):
    """What a command found, as tables for people and as a document for programs."""

    @property
    def tables(self) -> Sequence[Table]:
        """The tables to print."""
        ...

    def document(self) -> dict[str, Any]:
        """To be parsed, in types of JSON."""
        ...


def print_found(found: Printable, *, as_json: bool, verdicts: Sequence[str] = ()) -> None:
    """Print the document as JSON, or the tables, and what is to be said of them below."""
    if as_json:
        click.echo(json.dumps(found.document(), indent=2, allow_nan=False))
        return
    for table in found.tables:
        show(table)
    for line in verdicts:
        click.echo(line)


def say(lines: Sequence[str]) -> None:
    """Print remarks where they do not disturb a JSON document."""
    for line in lines:
        click.echo(line, err=True)
