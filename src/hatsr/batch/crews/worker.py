"""What a worker does with a picture: read, enlarge and write it, while others are under way."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import torch

from hatsr import image
from hatsr.batch.bookkeeping.entries import Entry, Returned
from hatsr.batch.crews.dispatch import Assignment
from hatsr.batch.many_frames import EnlargedFrames
from hatsr.batch.upscaling import software_of
from hatsr.image import Picture, PictureSequence
from hatsr.inference.choosing import Chooser, for_picture, open_upscaler
from hatsr.inference.engine import retain_freed_memory
from hatsr.inference.runner import ignore_progress
from hatsr.inference.upscaler import Upscaler

_OF_A_PICTURE = (ValueError, OSError, MemoryError, RuntimeError)
"""What a picture may fail with and cost no other."""
_Encoder = tuple[tuple[str, ...], Callable[[], bytes]]
"""What the user must know about a result, and what encodes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A picture that was read."""

    entry: Entry
    """As its file is now."""
    lr: Picture
    """Of a sequence, the first frame or page."""
    sequence: PictureSequence
    """Of one, for a plain picture."""
    kind: str
    """Format of the result."""


class Worker:
    """Makes the results of pictures.

    Several threads may call `work` at a time: pictures are read and written beside the network,
    which has a thread of its own, and never waits when enough of them are under way.

    Args:
        assignment: what all workers know.
        upscaler: makes the pixels; None: as the assignment says.
    """

    def __init__(self, assignment: Assignment, upscaler: Upscaler | Chooser | None = None) -> None:
        self.source, self.results = assignment.source, assignment.results
        self.quality, self.max_pixels = assignment.quality, assignment.max_pixels
        self.first_frame = assignment.first_frame
        self.upscaler = upscaler or open_upscaler(
            assignment.model, assignment.settings, assignment.overrides, assignment.denoise
        )
        self._network = ThreadPoolExecutor(1, "network")
        self._heap = ExitStack()
        self._network.submit(torch.set_num_threads, assignment.threads).result()
        self._network.submit(self._heap.enter_context, retain_freed_memory()).result()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._network.submit(self._heap.close).result()
        self._network.shutdown()

    def work(self, entry: Entry) -> Returned:
        """Make the result of a picture; a reason stands in its entry where that fails."""
        try:
            loaded = self._read(entry)
        except _OF_A_PICTURE as error:
            return _failed(entry, error)
        try:
            self._check(loaded)
            done, encode = self._network.submit(self._enlarge, loaded).result()
            part, stamp = self.results.write(str(entry.target), encode())
        except _OF_A_PICTURE as error:
            if isinstance(error, OSError) and self.results.is_stopping(error):
                return Returned(entry=entry, stop=str(error))
            return _failed(loaded.entry, error)
        return Returned(entry=done, part=part, stamp=stamp)

    def _read(self, entry: Entry) -> Loaded:
        before = self.source.facts(entry.source)
        sequence = image.read_sequence(
            self.source.open(entry.source),
            max_pixels=self.max_pixels,
            first_frame=self.first_frame,
        )
        lr = next(iter(sequence)).picture
        after = self.source.facts(entry.source)
        if before != after:
            raise ValueError(
                f"{self.source.where(entry.source)} was changed while it was read; "
                "--retry-failed does it again"
            )
        now = replace(entry, bytes=after.bytes, mtime=after.mtime, height=lr.height, width=lr.width)
        ending = os.path.splitext(str(entry.target))[1]  # noqa: PTH122
        kind = image.SEQUENCE_FORMATS[ending.lower()]
        return Loaded(entry=now, lr=lr, sequence=sequence, kind=kind)

    def _check(self, loaded: Loaded) -> None:
        """Refuse what could not be written, before it is computed."""
        lr, factor = loaded.lr, self.upscaler.factor
        size = round(lr.height * factor), round(lr.width * factor)
        kind, quality = loaded.kind, self._quality(loaded.kind)
        if loaded.sequence.count > 1:
            image.check_sequence_encodable(kind, loaded.sequence, size, quality)
        else:
            image.check_encodable(kind, size, has_alpha=not lr.opaque, quality=quality)
        self.results.prepare(str(loaded.entry.target))

    def _quality(self, kind: str) -> int | None:
        return self.quality if kind in image.QUALITY else None

    def _enlarge(self, loaded: Loaded) -> tuple[Entry, Callable[[], bytes]]:
        """The entry, and what encodes the result."""
        start = time.perf_counter()
        upscaler, choice = for_picture(self.upscaler, loaded.lr)
        make = self._frames if loaded.sequence.count > 1 else self._picture
        words, encode = make(upscaler, loaded)
        seconds = time.perf_counter() - start
        reason = "; ".join((*([str(choice)] if choice else []), *words))
        return replace(loaded.entry, state="done", seconds=seconds, reason=reason), encode

    def _picture(self, upscaler: Upscaler, loaded: Loaded) -> _Encoder:
        sr, kind = upscaler.enlarge_picture(loaded.lr), loaded.kind
        quality, software = self._quality(kind), software_of(upscaler)
        encode = partial(image.encode, sr, kind, quality=quality, software=software)
        return (*loaded.lr.notes, *image.losses(sr, kind)), encode

    def _frames(self, upscaler: Upscaler, loaded: Loaded) -> _Encoder:
        """All frames or pages; each is encoded before the next one is enlarged."""
        kind = loaded.kind
        frames = EnlargedFrames(upscaler, loaded.sequence, ignore_progress)
        data, lost = image.encode_sequence(
            kind,
            loaded.sequence,
            frames,
            quality=self._quality(kind),
            software=software_of(upscaler),
        )
        return (*frames.words(), *lost), lambda: data


def _failed(entry: Entry, error: Exception) -> Returned:
    reason = str(error) or type(error).__name__
    return Returned(entry=replace(entry, state="failed", reason=reason))
