"""Files that appear whole or not at all, and never in the place of an input."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write to, which is moved to `path` at the end, or removed on an error.

    It is ``.<name>.<pid>.part`` beside `path`; a link is followed.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_not_input(output: Path, inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse an output that would replace one of the inputs, before any work.

    Links are followed, and spellings of one path are one path.

    Args:
        output: a file to be written, or a folder in which any file may be replaced.
        inputs: files or folders; what is not there (a name, an address) is passed over.

    Raises:
        ValueError: the output is an input, or a folder around one.
    """
    for path in inputs:
        if _holds(output, Path(path)):
            raise ValueError(
                f"output must not replace an input, got {output} and the input {path}; "
                "give another output"
            )


def _holds(output: Path, path: Path) -> bool:
    """Whether two paths lead to one file or folder, or the second to something in the first."""
    try:
        return output.samefile(path) or output.resolve(strict=True) in path.resolve().parents
    except (OSError, ValueError, RuntimeError):  # one is not there, or cannot be a path
        return False
