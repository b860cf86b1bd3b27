"""The one policy for what goes wrong in a command: a message, no traceback, and an exit code.

0: done. 1: the work failed. 2: wrong usage, what was asked for cannot be done, found before the
work begins. 130: stopped by Ctrl-C.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from hatsr.files import message_of

_MENDABLE = (ValueError, OSError, MemoryError)
"""What a user can mend; every other exception is a fault of ours and keeps its traceback."""


class StoppedError(click.ClickException):
    """The user pressed Ctrl-C: exit code 130."""

    exit_code = 130


class Command(click.Command):
    """A command whose errors follow the policy."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a user can mend becomes a message and an exit code."""
        with stopped_by_user(), failed_work():
            return super().invoke(ctx)


@contextmanager
def stopped_by_user() -> Generator[None, None, None]:
    """Ctrl-C inside is exit code 130, with what is said about it."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise StoppedError(str(stop) or "stopped") from stop


@contextmanager
def failed_work(*more: type[Exception]) -> Generator[None, None, None]:
    """What goes wrong inside is failed work: exit code 1.

    Args:
        more: exceptions that count beside those that a user can mend.
    """
    try:
        yield
    except BrokenPipeError:  # the reader of a pipe has left, which click passes over in silence
        raise
    except (*_MENDABLE, *more) as error:
        raise click.ClickException(message_of(error)) from error


@contextmanager
def wrong_usage(*kinds: type[Exception]) -> Generator[None, None, None]:
    """What goes wrong inside is wrong usage: exit code 2.

    Args:
        kinds: exceptions that count; by default those of a value that breaks its rule, and of a
            file that is not there.
    """
    kinds = kinds or (ValueError, OSError)
    try:
        yield
    except kinds as error:
        raise click.UsageError(message_of(error), click.get_current_context(silent=True)) from error


def stop_when_terminated() -> None:
    """Let SIGTERM stop the command as Ctrl-C does: nothing half-written stays."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
