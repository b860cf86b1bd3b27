"""Wrong usage, for commands that tell it from other failures by their exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def wrong_usage(
    kinds: tuple[type[Exception], ...] = (ValueError, OSError),
) -> Iterator[None]:
    """Errors that are wrong usage, exit code 2: a value that breaks its rule, a missing file.

    Args:
        kinds: the errors, where some of these are not.
    """
    try:
        yield
    except kinds as error:
        raise click.UsageError(str(error)) from error
