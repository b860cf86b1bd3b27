"""Ctrl-C, SIGTERM and the clock stop a run in such a way that it can go on."""

import os
import signal
import time
from types import FrameType

import click


class StopRequest:
    """Called between steps: whether someone pressed Ctrl-C or sent SIGTERM, or the time is over.

    Before the first call there is nothing to save, so that a signal stops the command at once; so
    does a second one later. Both count as Ctrl-C, exit code 130.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        self.deadline: float | None = None
        self.is_signalled = False
        self._was_called, self._process = False, os.getpid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def __call__(self) -> bool:
        """Whether to save and stop; the time begins with the first call."""
        if not self._was_called and self.minutes is not None:
            self.deadline = time.monotonic() + 60 * self.minutes
        self._was_called = True
        return self.is_signalled or (self.deadline is not None and time.monotonic() > self.deadline)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # a process that was just forked: its parent has the signal, too
        again, self.is_signalled = self.is_signalled, True
        if not self._was_called:
            raise KeyboardInterrupt("stopped before the first step; start the same command again")
        if again:
            raise KeyboardInterrupt(
                "stopped at once, without saving; the run can go on from its newest state, if any"
            )
        click.echo("saving after this step; once more to stop at once", err=True)
