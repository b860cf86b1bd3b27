"""The service's temporary folder: made for one process, removed with it, or by the next one."""

import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path

import psutil

_NAME = re.compile(r"hatsr-web-(\d+)-(\d+)-\w+")
_LONGEST = 100
"""Characters of a file's name."""


def make_folder() -> Path:
    """A new temporary folder that only this user can read; those of dead processes are removed."""
    parent = Path(tempfile.gettempdir())
    clear_stale(parent)
    prefix = f"hatsr-web-{os.getpid()}-{_birth(os.getpid())}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()


def clear_stale(parent: Path) -> None:
    """Remove the folders that killed services have left."""
    for path in parent.glob("hatsr-web-*"):
        named = _NAME.fullmatch(path.name)
        if named and not path.is_symlink() and _birth(int(named[1])) != int(named[2]):
            shutil.rmtree(path, ignore_errors=True)


def _birth(pid: int) -> int | None:
    """When a process was started, in milliseconds; None: there is none."""
    try:
        return int(1000 * psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def safe_name(name: str) -> str:
    """A file's name as a user gave it, without anything that could lead elsewhere.

    Folders, control characters and what file systems refuse are left out; the ending stays.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = re.sub(r"[^\w .()+,=@-]", "_", last).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    stem, ending = stem.strip(" .")[:_LONGEST], ending.strip()[:10]
    return f"{stem or 'picture'}{dot and '.'}{ending}"
