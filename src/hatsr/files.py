"""Files that appear whole or not at all, and never in the place of an input."""

import errno
import hashlib
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

_OF_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""Errors that can only come from writing, and name no file when an open one is written to."""


@contextmanager
def replacing(path: Path) -> Generator[Path, None, None]:
    """A temporary name to write to, which is moved to `path` at the end, or removed on an error.

    It lies beside `path`, hidden, ends in ``.part``, is short whatever the length of the name, and
    differs between processes and between files of a folder; a link is followed.

    Raises:
        OSError: the file cannot be written; the message names `path`, not the temporary file.
    """
    part = temporary_name(path)
    with naming(path, part):
        try:
            yield part
            part.replace(os.path.realpath(path))
        finally:
            part.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """The temporary name of `replacing` for this process."""
    target = Path(os.path.realpath(path))
    return target.with_name(f".{_number(target)}.{os.getpid()}.part")


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, outlast a loss of power from now on.

    Raises:
        OSError: the disk could not keep it.
    """
    if path.is_dir() and os.name == "nt":  # folders need no syncing there, and cannot be opened
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _number(target: Path) -> str:
    """What stands for a name in the temporary one."""
    return hashlib.blake2b(os.fsencode(target.name), digest_size=4).hexdigest()


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of `replacing` that killed processes left beside `path`.

    Nobody else must be writing to `path` meanwhile.
    """
    target = Path(os.path.realpath(path))
    for part in target.parent.glob(f".{_number(target)}.*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def naming(path: Path, temporary: Path) -> Generator[None, None, None]:
    """Let errors about a temporary file or folder name the file that it stands for."""
    try:
        yield
    except OSError as error:
        named = str(error.filename or "")
        if not named.startswith(str(temporary)) and (named or error.errno not in _OF_WRITING):
            raise  # about something else
        folder = path.absolute().parent
        reason = error.strerror if folder.is_dir() else f"there is no folder {folder}"
        if isinstance(error, FileNotFoundError) and folder.is_dir():
            reason = f"folder {folder} takes no new files; choose another output"
        told = type(error)(f"{path} could not be written: {reason}")
        told.errno = error.errno
        raise told from error


def message_of(error: BaseException) -> str:
    """What an error says, in words: errors of the system without their number, with their file."""
    if isinstance(error, OSError) and error.strerror and isinstance(error.filename, str):
        missing = isinstance(error, FileNotFoundError)
        return f"{'no such file or folder' if missing else error.strerror}: {error.filename}"
    return str(error) or type(error).__name__


def check_replaceable(path: str | os.PathLike[str]) -> None:
    """Refuse a file that `replacing` could not put in place, before the work for it is done.

    Raises:
        OSError: its folder is missing or cannot be written to, it is a folder itself, or its name
            is too long.
    """
    target = Path(os.path.realpath(path))
    try:
        target.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise OSError(
                "a file's name must be as short as its file system wants, got "
                f"{len(os.fsencode(target.name))} bytes in {target.name}; choose a shorter one"
            ) from None
    if target.is_dir():
        raise IsADirectoryError(f"output must be a file, got the folder {target}; add a file name")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"folder must exist, got {target.parent}; create it first")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"folder must be writable, got {target.parent}; choose another")


def check_place(path: Path) -> None:
    """Refuse a file or folder that is not there and could not be made where it shall be.

    Raises:
        OSError: what should be a folder around it is a file, or cannot be written to.
    """
    if os.path.exists(path):  # noqa: PTH110  false for names that are too long
        return
    around = next(p for p in (*path.parents, Path()) if os.path.exists(p))  # noqa: PTH110
    rule = "output must be in a folder that can be written"
    if not around.is_dir():
        raise NotADirectoryError(f"{rule}, got {around}, which is a file; choose another output")
    if not os.access(around, os.W_OK):
        raise PermissionError(f"{rule}, got {around}, which is closed; choose another output")


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
