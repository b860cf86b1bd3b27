"""A clip enlarged frame by frame: stopped or killed at any moment, it goes on where it was."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from hatsr import __version__, image, video
from hatsr.files import check_replaceable
from hatsr.image import Picture
from hatsr.inference.choosing import ModelChoice, ModelChooser
from hatsr.inference.frame_upscaler import FrameUpscaler
from hatsr.inference.upscaler import Upscaler
from hatsr.video import Clip, ClipFrame, ClipReader, Encoding, SegmentFolder

_SEGMENT = 24
"""Frames of a segment: what a kill costs at most."""
_LOOKED_AT = 0, 11, 23
"""Frames by which the weights are chosen: the first is often better, or emptier, than the rest."""


class ClipUpscaler:
    """The work on one clip.

    Args:
        upscaler: makes the pixels; a chooser takes weights by the first second.
        clip: as it was opened.
        target: the result's file.
        quality: 1 to 100 of the encoder; None: the usual one.
        anew: work that was begun with other settings is given up.

    Raises:
        ValueError: it cannot be written as that.
        OSError: the file cannot be written.
    """

    def __init__(
        self,
        upscaler: Upscaler | ModelChooser,
        clip: Clip,
        target: Path,
        quality: int | None,
        *,
        anew: bool,
    ) -> None:
        self.clip, self.target = clip, target
        height, width = (round(side * upscaler.factor) for side in (clip.height, clip.width))
        ending = target.suffix.lower()
        self.encoding = video.choose_encoding(clip, ending, (height, width), quality)
        check_replaceable(target)
        self.upscaler, self.choice = _chosen(upscaler, clip)
        self.frame_upscaler = FrameUpscaler(self.upscaler)
        self.parts = SegmentFolder(target, _plan(clip, self.encoding, self.upscaler), anew=anew)
        self.done, self.last = 0, 0

    def run(self, progress: Callable[[float], None]) -> tuple[str, ...]:
        """Do what is not done yet, and put the clip together.

        Args:
            progress: told the fraction done.

        Returns:
            What the user must know.

        Raises:
            KeyboardInterrupt: stopped; the message says where finished segments are kept.
            OSError: the disk is full; segments that are done are kept.
        """
        reader = ClipReader(self.clip)
        try:
            segments = self._make_segments(reader, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped at frame {self.done} of about {self.clip.frames}, kept in "
                f"{self.parts.folder}"
            ) from None
        software = f"hatsr {__version__} ({self.upscaler.name}, x{self.upscaler.factor:g})"
        lost = video.join(
            self.clip,
            self.encoding,
            segments,
            self.target,
            last_duration=self.last,
            software=software,
        )
        self.parts.remove()
        return (*self._words(), *reader.notes(), *lost)

    def _make_segments(self, reader: ClipReader, progress: Callable[[float], None]) -> list[Path]:
        segments = []
        groups = groupby(enumerate(reader), key=lambda pair: pair[0] // _SEGMENT)
        for number, shots in groups:
            path = self.parts.segment(number)
            segments.append(path)
            if path.exists():
                for index, shot in shots:
                    self._passed(index, shot, progress)
                continue
            with video.writing_segment(path, self.clip, self.encoding) as segment:
                for index, shot in shots:
                    segment.write(self._enlarge(index, shot, progress).rgb, shot.pts)
                    self._passed(index, shot, progress)
        return segments

    def _enlarge(self, index: int, shot: ClipFrame, progress: Callable[[float], None]) -> Picture:
        lr = Picture(rgb=shot.rgb(), bits=16 if self.clip.bits > 8 else 8)
        return self.frame_upscaler.upscale(lr, lambda f: progress(self._fraction(index + f)))

    def _passed(self, index: int, shot: ClipFrame, progress: Callable[[float], None]) -> None:
        self.done, self.last = index + 1, shot.duration
        progress(self._fraction(index + 1))

    def _fraction(self, frames: int | float) -> float:
        return min(1.0, frames / max(self.clip.frames, frames, 1))

    def _words(self) -> tuple[str, ...]:
        same = self.frame_upscaler.reused
        return (
            *([str(self.choice)] if self.choice else []),
            f"{self.done} frames" + (f", {same} of them as the one before" if same else ""),
            str(self.encoding),
            *self.clip.notes,
            *self.encoding.notes,
        )


def _chosen(upscaler: Upscaler | ModelChooser, clip: Clip) -> tuple[Upscaler, ModelChoice | None]:
    """Real-world weights where one of the frames that are looked at needs them."""
    if isinstance(upscaler, Upscaler):
        return upscaler, None
    clean = None
    for index, shot in enumerate(islice(ClipReader(clip), _LOOKED_AT[-1] + 1)):
        if index in _LOOKED_AT:
            found = upscaler.choose(Picture(rgb=shot.rgb()))
            if found[0] is not upscaler.clean:
                return found
            clean = clean or found
    return clean or (upscaler.clean, None)


def _plan(clip: Clip, encoding: Encoding, upscaler: Upscaler) -> dict[str, object]:
    """All on which the segments depend."""
    found = clip.path.stat()
    return {
        "clip": [str(clip.path.resolve()), found.st_size, found.st_mtime_ns],
        "version": __version__,
        "model": [upscaler.name, upscaler.factor, fingerprint(upscaler)],
        "encoding": asdict(encoding),
        "frames of a segment": _SEGMENT,
    }


def fingerprint(upscaler: Upscaler) -> str:
    """A text that differs between upscalers that make different pixels."""
    pixels = np.random.default_rng(0).random((16, 16, 3), np.float32)
    sr = upscaler.upscale_picture(Picture(rgb=pixels))
    return hashlib.blake2b(image.to_codes(sr.rgb).tobytes(), digest_size=8).hexdigest()
