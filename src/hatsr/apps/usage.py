"""Wrong usage, for commands that tell it from other failures by their exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def wrong_usage() -> Iterator[None]:
    """A value that breaks its rule, or a file that is not there, is wrong usage: exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
