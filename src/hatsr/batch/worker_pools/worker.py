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
from hatsr.batch.database.records import PictureRecord, WorkResult
from hatsr.batch.many_frames import UpscaledFrames
from hatsr.batch.upscaling import software_of
from hatsr.batch.worker_pools.coordinator import WorkerSpec
from hatsr.files import message_of
from hatsr.image import Picture, PictureSequence
from hatsr.inference.choosing import ModelChooser, for_picture, open_upscaler
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

    record: PictureRecord
    """As its file is now."""
    lr: Picture
    """Of a sequence, the first frame or page."""
    sequence: PictureSequence
    """The frames; of a plain picture, one."""
    kind: str
    """Format of the result."""


class Worker:
    """Makes the results of pictures.

    Several threads may call `work` at a time: pictures are read and written beside the network,
    which has a thread of its own, and never waits when enough of them are under way.

    Args:
        spec: what all workers know.
        upscaler: makes the pixels; None: as the spec says.
    """

    def __init__(self, spec: WorkerSpec, upscaler: Upscaler | ModelChooser | None = None) -> None:
        self.source, self.results = spec.source, spec.results
        self.quality, self.max_pixels = spec.quality, spec.max_pixels
        self.first_frame = spec.first_frame
        self.upscaler = upscaler or open_upscaler(
            spec.model, spec.settings, spec.overrides, spec.denoise
        )
        self._network = ThreadPoolExecutor(1, "network")
        self._heap = ExitStack()
        self._network.submit(torch.set_num_threads, spec.threads).result()
        self._network.submit(self._heap.enter_context, retain_freed_memory()).result()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._network.submit(self._heap.close).result()
        self._network.shutdown()

    def work(self, record: PictureRecord) -> WorkResult:
        """Make the result of a picture; a reason stands in its record where that fails."""
        try:
            loaded = self._read(record)
        except _OF_A_PICTURE as error:
            return _failed(record, error)
        try:
            self._check(loaded)
            done, encode = self._network.submit(self._enlarge, loaded).result()
            part, stamp = self.results.write(str(record.target), encode())
        except _OF_A_PICTURE as error:
            if isinstance(error, OSError) and self.results.is_stopping(error):
                return WorkResult(record=record, stop=str(error))
            return _failed(loaded.record, error)
        return WorkResult(record=done, part=part, stamp=stamp)

    def _read(self, record: PictureRecord) -> Loaded:
        before = self.source.facts(record.source)
        sequence = image.read_sequence(
            self.source.open(record.source),
            max_pixels=self.max_pixels,
            first_frame=self.first_frame,
        )
        lr = next(iter(sequence)).picture
        after = self.source.facts(record.source)
        if before != after:
            raise ValueError(
                f"{self.source.where(record.source)} was changed while it was read; "
                "--retry-failed does it again"
            )
        now = replace(
            record, bytes=after.bytes, mtime=after.mtime, height=lr.height, width=lr.width
        )
        ending = os.path.splitext(str(record.target))[1]  # noqa: PTH122
        kind = image.SEQUENCE_FORMATS[ending.lower()]
        return Loaded(record=now, lr=lr, sequence=sequence, kind=kind)

    def _check(self, loaded: Loaded) -> None:
        """Refuse what could not be written, before it is computed."""
        lr, factor = loaded.lr, self.upscaler.factor
        size = round(lr.height * factor), round(lr.width * factor)
        kind, quality = loaded.kind, self._quality(loaded.kind)
        if loaded.sequence.count > 1:
            image.check_sequence_encodable(kind, loaded.sequence, size, quality)
        else:
            image.check_encodable(kind, size, has_alpha=not lr.opaque, quality=quality)
        self.results.prepare(str(loaded.record.target))

    def _quality(self, kind: str) -> int | None:
        return self.quality if kind in image.QUALITY else None

    def _enlarge(self, loaded: Loaded) -> tuple[PictureRecord, Callable[[], bytes]]:
        """The record, and what encodes the result."""
        start = time.perf_counter()
        upscaler, choice = for_picture(self.upscaler, loaded.lr)
        make = self._frames if loaded.sequence.count > 1 else self._picture
        words, encode = make(upscaler, loaded)
        seconds = time.perf_counter() - start
        reason = "; ".join((*([str(choice)] if choice else []), *words))
        done = replace(
            loaded.record, state="done", seconds=seconds, reason=reason, model=upscaler.name
        )
        return done, encode

    def _picture(self, upscaler: Upscaler, loaded: Loaded) -> _Encoder:
        sr, kind = upscaler.upscale_picture(loaded.lr), loaded.kind
        quality, software = self._quality(kind), software_of(upscaler)
        encode = partial(image.encode, sr, kind, quality=quality, software=software)
        return (*loaded.lr.notes, *image.losses(sr, kind)), encode

    def _frames(self, upscaler: Upscaler, loaded: Loaded) -> _Encoder:
        """All frames or pages; each is encoded before the next one is enlarged."""
        kind = loaded.kind
        frames = UpscaledFrames(upscaler, loaded.sequence, ignore_progress)
        data, lost = image.encode_sequence(
            kind,
            loaded.sequence,
            frames,
            quality=self._quality(kind),
            software=software_of(upscaler),
        )
        return (*frames.words(), *lost), lambda: data


def _failed(record: PictureRecord, error: Exception) -> WorkResult:
    return WorkResult(record=replace(record, state="failed", reason=message_of(error)))
