"""How far pictures are: those of one call, and those of a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hatsr.apps.cli.terminal import clock, open_console, printable, words

if TYPE_CHECKING:
    from hatsr.batch import FoundPictures, Outcome, PictureRecord, Status


class PictureBars:
    """Progress of the picture under way and, for several, of all; results as lines above.

    Args:
        line: an outcome in words.
        check: told what the inputs stand for before the work; may refuse it.
        quiet: show nothing.
    """

    def __init__(
        self,
        line: Callable[[Outcome], str],
        check: Callable[[FoundPictures], None] | None = None,
        *,
        quiet: bool,
    ) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            words(),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self.console = open_console(stderr=True, quiet=quiet)
        self.progress = Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        )
        self.all = self.progress.add_task("all pictures", visible=False)
        self.one = self.progress.add_task("", total=1.0, visible=False)
        self.line, self.check = line, check
        self.outcomes: list[Outcome] = []
        self.found: FoundPictures | None = None
        self.sizes: dict[Path, int] = {}
        self.current, self.done = Path(), 0

    def __enter__(self) -> PictureBars:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def begin(self, found: FoundPictures) -> None:
        """These pictures will be enlarged."""
        if self.check is not None:
            self.check(found)
        self.found = found
        self.sizes = {each.path: _file_size(each.path) for each in found.pictures}
        total, visible = sum(self.sizes.values()), len(found.pictures) > 1
        self.progress.update(self.all, total=total, visible=visible)

    def tell(self, source: Path, fraction: float) -> None:
        """Progress of a picture, from 0 to 1."""
        if source != self.current:
            self.current = source
            self.progress.reset(self.one, description=printable(source.name), visible=True)
        self.progress.update(self.one, completed=fraction)
        self.progress.update(self.all, completed=self.done + fraction * self.sizes[source])

    def report(self, outcome: Outcome) -> None:
        """A picture is done, in one way or another."""
        self.outcomes.append(outcome)
        self.done += self.sizes[outcome.source]
        self.progress.update(self.all, completed=self.done)
        self.progress.update(self.one, visible=False)
        self.console.print(printable(self.line(outcome)), soft_wrap=True)


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
        self.progress = Progress(
            words(),
            BarColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.progress.add_task("planning", total=None)

    def __enter__(self) -> JobBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def planning(self, count: int) -> None:
        """Number of pictures that were planned so far."""
        self.progress.update(self.task, description=f"planning: {count:,} pictures")

    def failed(self, record: PictureRecord) -> None:
        """A picture failed."""
        source, reason = record.source, record.reason
        told = reason if source in reason else f"{source}: {reason}"
        self.console.print(printable(f"FAILED {told}"), soft_wrap=True)

    def working(self, status: Status) -> None:
        """A picture is done, or time has passed."""
        total = sum(count.pictures for count in status.counts.values())
        self.progress.update(
            self.task, description=job_line(status), total=total, completed=total - status.left
        )
        if status.last is not None and status.last.state == "failed":
            self.failed(status.last)


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
        said.append(f"{clock(status.seconds_left)} left")
    return ", ".join(said)
