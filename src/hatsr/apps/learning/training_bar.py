"""A training run on the terminal: a bar, and lines above it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.terminal import clock, open_console, words

if TYPE_CHECKING:
    from rich.progress import Progress

    from hatsr.training import Event


class TrainingBar:
    """A training run's events; the time left is judged from the steps since its start."""

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
            f"{event['patches_per_second']:.1f} patches/s  {clock(left)} left"
        )

    def _validation(self, event: Event) -> str:
        best = "  (best)" if event["psnr_y"] == event["best"] else f"  (best {event['best']:.3f})"
        return f"validation {event['psnr_y']:.3f} dB{best}"
