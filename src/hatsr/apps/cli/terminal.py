"""The terminal: bars, tables and remarks. Names of files and models are never taken for markup."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

    from hatsr.batch import Found, Outcome, Status
    from hatsr.evaluation import Table
    from hatsr.training import Event

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


class PictureBars:
    """Progress of the picture under way and, for several, of all; results as lines above.

    Args:
        line: an outcome in words.
        quiet: show nothing.
    """

    def __init__(self, line: Callable[[Outcome], str], *, quiet: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            words(),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self.console = open_console(stderr=True, quiet=quiet)
        self.progress = Progress(*columns, console=self.console, transient=True)
        self.all = self.progress.add_task("all pictures", visible=False)
        self.one = self.progress.add_task("", total=1.0, visible=False)
        self.line = line
        self.outcomes: list[Outcome] = []
        self.found: Found | None = None
        self.sizes: dict[Path, int] = {}
        self.current, self.done = Path(), 0

    def __enter__(self) -> PictureBars:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def begin(self, found: Found) -> None:
        """These pictures will be enlarged."""
        self.found = found
        self.sizes = {each.path: _file_size(each.path) for each in found.pictures}
        total, visible = sum(self.sizes.values()), len(found.pictures) > 1
        self.progress.update(self.all, total=total, visible=visible)

    def tell(self, source: Path, fraction: float) -> None:
        """A picture has come so far."""
        if source != self.current:
            self.current = source
            self.progress.reset(self.one, description=source.name, visible=True)
        self.progress.update(self.one, completed=fraction)
        self.progress.update(self.all, completed=self.done + fraction * self.sizes[source])

    def report(self, outcome: Outcome) -> None:
        """A picture is done, in one way or another."""
        self.outcomes.append(outcome)
        self.done += self.sizes[outcome.source]
        self.progress.update(self.all, completed=self.done)
        self.progress.update(self.one, visible=False)
        self.console.print(self.line(outcome), soft_wrap=True)


def _file_size(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


class JobBar:
    """Progress of a job; failures as lines above."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import BarColumn, Progress

        self.console = open_console(stderr=True, quiet=quiet)
        self.progress = Progress(words(), BarColumn(), console=self.console, transient=True)
        self.task = self.progress.add_task("planning", total=None)

    def __enter__(self) -> JobBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def planning(self, count: int) -> None:
        """So many pictures were looked at."""
        self.progress.update(self.task, description=f"planning: {count:,} pictures")

    def working(self, status: Status) -> None:
        """A picture is done, or time has passed."""
        total = sum(count.pictures for count in status.counts.values())
        self.progress.update(
            self.task, description=job_line(status), total=total, completed=total - status.left
        )
        if status.last is not None and status.last.state == "failed":
            self.console.print(f"FAILED {status.last.reason}", soft_wrap=True)


def job_line(status: Status) -> str:
    """How far a job is, in words."""
    parts = [f"{status.of(state):,} {state}" for state in ("done", "skipped", "failed")]
    said = [part for part in parts if not part.startswith("0 ")] or ["0 done"]
    if status.left:
        said.append(f"{status.left:,} left")
    if status.pictures_per_second:
        said.append(
            f"{status.pictures_per_second:.2f} pictures/s, "
            f"{status.megapixels_per_second:.3f} LR megapixels/s"
        )
    if status.running and status.seconds_left is not None:
        said.append(f"{_clock(status.seconds_left)} left")
    return ", ".join(said)


class TrainingBar:
    """A training run's events; the time left is judged from the steps of this sitting."""

    def __init__(self) -> None:
        self.iterations, self.first, self.begun = 0, 0, time.time()
        self.bar: Progress | None = None

    def _start(self, event: Event) -> None:
        """The first step is about to be made."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress

        self.iterations, self.first, self.begun = event["iterations"], event["step"], time.time()
        console = open_console()
        if console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), words())
            self.bar = Progress(*columns, console=console)
            self.task = self.bar.add_task("", total=self.iterations, completed=self.first)
            self.bar.start()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event["event"] == "start":
            self._start(event)
        if event["event"] == "setup":
            click.echo(event["text"])
        if self.bar is not None and event["event"] in ("step", "end"):
            self.bar.update(self.task, completed=event["step"], description=self._step(event))
            return
        line = {
            "step": self._step,
            "validation": self._validation,
            "note": lambda event: event["text"],
        }.get(event["event"])
        if line is not None:
            text = f"{event['step']:>8,}  {line(event)}"
            self.bar.console.print(text) if self.bar is not None else click.echo(text)

    def close(self) -> None:
        """Leave the bar as it is and give the cursor back."""
        if self.bar is not None:
            self.bar.stop()

    def _step(self, event: Event) -> str:
        if event["event"] == "end":
            return str(event["reason"])
        done = event["step"] - self.first
        left = (time.time() - self.begun) / max(1, done) * (self.iterations - event["step"])
        return (
            f"loss {event['loss']:.5f}  rate {event['learning_rate']:.2e}  "
            f"{event['patches_per_second']:.1f} patches/s  {_clock(left)} left"
        )

    def _validation(self, event: Event) -> str:
        best = "  (best)" if event["psnr_y"] == event["best"] else f"  (best {event['best']:.3f})"
        return f"validation {event['psnr_y']:.3f} dB{best}"


def _clock(seconds: float) -> str:
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


def say(lines: Sequence[str]) -> None:
    """Print remarks where they do not disturb a JSON document."""
    for line in lines:
        click.echo(line, err=True)
