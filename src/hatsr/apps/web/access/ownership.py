"""Whose files are whose: nobody reads what another browser has uploaded or had made."""

import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatsr.apps.web.queue.job_queue import JobQueue

COOKIE = "hatsr_browser"
"""Holds a random name of the browser, which owns its uploads and results."""


class Ownership:
    """Knows the owner of every file that a browser may ask for.

    Args:
        jobs: whose folders hold the results.
        uploads: folder of what was uploaded.
        everyones: files that are nobody's, such as the example picture.
    """

    def __init__(self, jobs: JobQueue, uploads: Path, everyones: tuple[Path, ...] = ()) -> None:
        self.jobs, self.uploads, self.everyones = jobs, uploads, everyones
        self._uploaded: dict[Path, str] = {}

    def may_read(self, owner: str, path: str) -> bool:
        """Whether a file is there and this owner's."""
        try:
            file = Path(path).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return False
        if file in self.everyones:
            return True
        if not owner or not file.is_file():
            return False
        if file.is_relative_to(self.jobs.root):
            job = self.jobs.find(file.relative_to(self.jobs.root).parts[0])
            return job is not None and job.owner == owner
        return self._uploaded.get(file) == owner

    def check(self, owner: str, path: str) -> Path:
        """The file that a page names.

        Raises:
            ValueError: it is not this owner's.
        """
        if not self.may_read(owner, path):
            raise ValueError("picture must be one that you have uploaded; choose it again")
        return Path(path)

    def check_event(self, owner: str, event: bytes) -> None:
        """Refuse what a page tells if it names a file that is not this owner's.

        Gradio would copy any file of this machine to look at it, and fetch any address.

        Raises:
            ValueError: it does, or it is no JSON.
        """
        try:
            told = json.loads(event or b"null")
        except (ValueError, RecursionError):
            raise ValueError("an event must be JSON") from None
        for path in _named(told):
            self.check(owner, path)

    def place(self, owner: str, name: str) -> Path:
        """Where to write an upload, in a folder of its own.

        Args:
            owner: who alone may read it.
            name: of the file, safe.
        """
        file = self.uploads / secrets.token_urlsafe(16) / name
        file.parent.mkdir(mode=0o700)
        self._uploaded[file] = owner
        return file

    def remove_oldest(self) -> None:
        """Keep no more uploads than the disk may hold, and nothing that Gradio leaves there."""
        for path in self.uploads.iterdir():
            if path.is_file():  # empty ones of its file fields
                path.unlink(missing_ok=True)
        sizes = {file: file.stat().st_size for file in list(self._uploaded) if file.exists()}
        total = sum(sizes.values())
        limits = self.jobs.limits
        for number, (file, size) in enumerate(list(sizes.items())[:-1]):
            if total <= limits.kept_bytes and len(sizes) - number <= limits.kept_uploads:
                return
            total -= size
            self.remove(file)

    def remove(self, file: Path) -> None:
        """Remove an upload and its folder."""
        self._uploaded.pop(file, None)
        shutil.rmtree(file.parent, ignore_errors=True)


def _named(told: Any) -> Iterator[str]:
    """Files and addresses that a JSON value names, and pictures that it holds."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name == "path" or (name == "url" and str(value).startswith("data:")):
                yield str(value)
            yield from _named(value)
    elif isinstance(told, list):
        for value in told:
            yield from _named(value)
