"""What a worker does: read, enlarge and write pictures, each while the others are under way."""

import errno
import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hatsr import image
from hatsr.batch.books import Books, Entry, State, keeping
from hatsr.batch.local import Assignment
from hatsr.batch.upscaling import check_target, software_of
from hatsr.files import replacing
from hatsr.image import Picture
from hatsr.inference.choosing import Chooser, for_picture
from hatsr.inference.upscaler import Upscaler

_STOPPING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}
"""Errors of writing that the next picture would meet, too."""
_OF_A_PICTURE = (ValueError, OSError, MemoryError, RuntimeError)
"""What a picture may fail with and cost no other."""


class StoppingError(OSError):
    """No result can be written any more, or the books cannot; the picture waits on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A picture that was read."""

    entry: Entry
    """As its file is now."""
    lr: Picture
    kind: str
    """Format of the result."""
    software: str = ""
    """What the result says about the program that made it; empty before it is made."""


class Worker:
    """Takes pictures out of the books, one after the other.

    Args:
        upscaler: makes the pixels.
        assignment: what all workers know.
        number: of this one.
        report: told what became of each picture.
    """

    def __init__(
        self,
        upscaler: Upscaler | Chooser,
        assignment: Assignment,
        number: int,
        report: Callable[[Entry], None],
    ) -> None:
        self.upscaler, self.number, self.report = upscaler, number, report
        self.folder, self.root = assignment.folder, assignment.root
        self.quality, self.max_pixels = assignment.quality, assignment.max_pixels
        self.stopped = False

    def run(self) -> None:
        """Go on until no picture waits, reading and writing beside the network.

        Suspect pictures come first, and alone, so that another death says which it was.

        Raises:
            StoppingError: nothing can be written any more.
        """
        while (loaded := self._next("suspect")) is not None:
            if made := self._enlarge(loaded):
                self._write(*made)
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
            upcoming, writing = reader.submit(self._next), writer.submit(int)
            while (loaded := upcoming.result()) is not None:
                upcoming = reader.submit(self._next)
                made = self._enlarge(loaded)
                writing.result()
                writing = writer.submit(self._write, *made) if made else writer.submit(int)
            writing.result()

    def _next(self, state: State = "waiting") -> Loaded | None:
        """The next picture that can be read; None: no more."""
        with self._books() as books:
            while not self.stopped:
                entry = books.claim(self.number, state)
                if entry is None:
                    return None
                try:
                    return self._read(entry)
                except _OF_A_PICTURE as error:
                    self._fail(books, entry, error)
        return None

    def _read(self, entry: Entry) -> Loaded:
        path, target = self.root / entry.source, self.folder / str(entry.target)
        before = path.stat()
        lr = image.read(path, max_pixels=self.max_pixels)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ValueError(f"{path} was changed while it was read; --retry-failed does it again")
        kind = check_target(lr, target, self.upscaler.factor, self.quality)
        now = replace(
            entry,
            bytes=after.st_size,
            mtime=after.st_mtime_ns,
            height=lr.height,
            width=lr.width,
        )
        return Loaded(entry=now, lr=lr, kind=kind)

    def _enlarge(self, loaded: Loaded) -> tuple[Loaded, Picture] | None:
        """None: it failed, which is noted."""
        start = time.perf_counter()
        try:
            upscaler, choice = for_picture(self.upscaler, loaded.lr)
            sr = upscaler.enlarge_picture(loaded.lr)
        except _OF_A_PICTURE as error:
            with self._books() as books:
                self._fail(books, loaded.entry, error)
            return None
        entry = replace(
            loaded.entry,
            seconds=time.perf_counter() - start,
            reason="; ".join(
                (
                    *([str(choice)] if choice else []),
                    *loaded.lr.notes,
                    *image.losses(sr, loaded.kind),
                )
            ),
        )
        return replace(loaded, entry=entry, software=software_of(upscaler)), sr

    def _write(self, loaded: Loaded, sr: Picture) -> None:
        entry = loaded.entry
        with self._books() as books:
            try:
                self._place(books, loaded, sr)
            except _OF_A_PICTURE as error:
                self._fail(books, entry, error)
                return
            done = replace(entry, state="done")
            books.finish(done)
        self.report(done)

    def _place(self, books: Books, loaded: Loaded, sr: Picture) -> None:
        """Write the result; the books know it before it is in its place."""
        quality = self.quality if loaded.kind in image.QUALITY else None
        data = image.encode(sr, loaded.kind, quality=quality, software=loaded.software)
        with replacing(self.folder / str(loaded.entry.target)) as part:
            part.write_bytes(data)
            books.place(loaded.entry.id, part)

    @contextmanager
    def _books(self) -> Generator[Books, None, None]:
        """The books for this thread. Trouble with them stops the work: their disk may be full."""
        try:
            with keeping(self.folder), Books(self.folder) as books:
                yield books
        except StoppingError:
            raise
        except OSError as error:
            raise StoppingError(str(error)) from error

    def _fail(self, books: Books, entry: Entry, error: Exception) -> None:
        if isinstance(error, OSError) and self._is_stopping(error):
            self.stopped = True
            raise StoppingError(str(error)) from error
        reason = str(error) or type(error).__name__
        failed = replace(entry, state="failed", reason=reason)
        books.finish(failed)
        self.report(failed)

    def _is_stopping(self, error: OSError) -> bool:
        return error.errno in _STOPPING or not os.access(self.folder, os.W_OK)
