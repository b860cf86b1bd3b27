"""A clip's frames, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

import av
import av.error
import numpy as np
from jaxtyping import Float32

from hatsr.video.clip import Clip, ClipError, picture_stream
from hatsr.video.frames import to_rgb


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """A frame and its time."""

    pts: int
    """When it is shown, in units of the clip's time base; larger than that of the one before."""
    duration: int
    """How long, in the same units; 0: not known."""
    frame: av.VideoFrame
    """As it was decoded."""
    clip: Clip
    """The clip that it belongs to."""

    def rgb(self) -> Float32[np.ndarray, "h w 3"]:
        """Its pixels in [0, 1]; a frame of another size than the first is brought to that."""
        frame, clip = self.frame, self.clip
        if (frame.height, frame.width) != (clip.height, clip.width):
            frame = frame.reformat(width=clip.width, height=clip.height)
        return to_rgb(frame, clip.working_tags)


class ClipReader:
    """Reads a clip from its beginning; what cannot be decoded is passed over and counted.

    Args:
        clip: as it was opened.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.lost, self.damaged = 0, 0
        self._resized = False
        self._end, self._read, self._declared = 0.0, 0, 0

    def __iter__(self) -> Iterator[ClipFrame]:
        """The frames in the order in which they are shown.

        Raises:
            ClipError: the file cannot be opened any more.
        """
        self.lost, self.damaged, self._read, last = 0, 0, 0, None
        step = max(1, round(1 / self.clip.rate / self.clip.time_base))
        for frame in self._decoded():
            pts = frame.pts if frame.pts is not None else None if last is None else last + step
            pts = 0 if pts is None else pts
            pts = pts if last is None else max(pts, last + 1)
            self.damaged += bool(frame.is_corrupt)
            self._resized |= (frame.height, frame.width) != (self.clip.height, self.clip.width)
            self._end = float((pts + (frame.duration or step)) * self.clip.time_base)
            self._read += 1
            yield ClipFrame(pts, frame.duration or 0, frame, self.clip)
            last = pts

    def notes(self) -> tuple[str, ...]:
        """What was wrong with the frames that were read."""
        missing, frames = self.clip.seconds - self._end, self._declared - self._read - self.lost
        rules = {
            f"{self.lost} packets could not be decoded: the frames before them stay longer": (
                self.lost
            ),
            f"{self.damaged} frames are damaged in the clip itself": self.damaged,
            "frames of another size than the first are brought to it": self._resized,
            f"{frames} of {self._declared} frames are missing: the clip may be cut short": (
                frames > max(2, self._declared // 50)  # few may be cut by the clip's own edit list
            ),
            f"frames end {missing:.1f} s before the clip does: it may be cut short": (
                missing > max(1.0, 2 / float(self.clip.rate))
            ),
        }
        return tuple(words for words, holds in rules.items() if holds)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        path = self.clip.path
        try:
            container = av.open(path)
        except av.error.FFmpegError as error:
            raise ClipError(f"{path}: clip cannot be opened: {error.strerror}") from error
        with container:
            stream = picture_stream(container, path)
            self._declared = stream.frames
            packets = container.demux(stream)
            while (packet := self._next(packets)) is not None:
                broken = bool(packet.is_corrupt)
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    broken = True
                self.lost += broken

    def _next(self, packets: "Iterator[av.Packet]") -> "av.Packet | None":
        """The next packet; a file that breaks off ends there."""
        try:
            return next(packets, None)
        except av.error.FFmpegError:
            self.lost += 1
            return None
