"""What a clip's file says: sizes, times, colours, and what else is in it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from hatsr.video.colours import IDENTITY, ColourTags, known_matrix
from hatsr.video.frames import depth_of, subsampling_of, tags_of

_LARGEST = 32_768
"""Pixels along a side that a frame may have."""


class ClipError(ValueError):
    """A clip that cannot be read or written; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """What is known of a clip before its frames are read."""

    path: Path
    """The clip's file."""
    height: int
    """Height of a stored frame, LR pixels."""
    width: int
    """Width of a stored frame, LR pixels."""
    frames: int
    """How many there are, about; 0: not known."""
    seconds: float
    """How long it lasts; 0: not known."""
    time_base: Fraction
    """Seconds of a unit of its frames' times."""
    rate: Fraction
    """Frames in a second, in the mean."""
    codec: str
    """Codec of its frames, such as h264."""
    is_lossy: bool
    """The codec leaves out detail."""
    bits: int
    """Bits of a luma or chroma sample."""
    chroma_subsampling: str
    """How chroma is stored: 420, 422 or 444."""
    tags: ColourTags
    """Of its colours, as the file gives them."""
    aspect: Fraction | None
    """Width of a pixel, over its height; None: square."""
    display_matrix: tuple[int, ...] | None
    """Nine numbers that say how players turn it; None: they do not."""
    notes: tuple[str, ...] = ()
    """What a user must be told about how it is read."""

    @property
    def working_tags(self) -> ColourTags:
        """The colours, with the matrix that players take where the file gives none."""
        return ColourTags(
            primaries=self.tags.primaries,
            transfer=self.tags.transfer,
            matrix=known_matrix(self.tags, self.height, self.width),
            full_range=self.tags.full_range,
        )

    @property
    def written_tags(self) -> ColourTags:
        """The colours of the enlarged clip; RGB becomes light and colour of studio range."""
        tags = self.working_tags
        rgb = self.tags.matrix == IDENTITY
        return ColourTags(
            primaries=tags.primaries,
            transfer=tags.transfer,
            matrix=tags.matrix,
            full_range=tags.full_range and not rgb,
        )


def open_clip(path: Path) -> Clip:
    """Read a clip's header and its first frame.

    Args:
        path: in any container and codec that FFmpeg reads.

    Raises:
        ClipError: no clip, or one without frames.
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        if not file.read(1):
            raise ClipError(f"{path}: file is empty; get it again")
    try:
        with av.open(path) as container:
            stream = picture_stream(container, path)
            return _facts(path, container, stream, _first_frame(container, stream))
    except av.error.FFmpegError as error:
        raise ClipError(
            f"{path}: file must be a whole clip, got {error.strerror}; get it again, or save it "
            "again in the program that made it"
        ) from error


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream of frames: the first that is not a cover.

    Raises:
        ClipError: there is none.
    """
    cover = Disposition.attached_pic
    found = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not found:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise ClipError(f"{path}: clip must have frames, got {kinds} alone; it stays as it is")
    return found[0]


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        if frames:
            return frames[0]
    raise ClipError(f"{container.name}: clip must have frames, got none that can be decoded")


def _facts(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    frame: av.VideoFrame,
) -> Clip:
    if max(frame.height, frame.width) > _LARGEST:
        raise ClipError(
            f"{path}: sides must be at most {_LARGEST}, got {frame.height} x {frame.width}"
        )
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    seconds = _seconds(container, stream)
    aspect = stream.sample_aspect_ratio
    matrix = frame.side_data.get("DISPLAYMATRIX")
    try:
        tags = tags_of(frame)
    except ValueError as error:
        raise ClipError(f"{path}: {error}") from None
    return Clip(
        path=path,
        height=frame.height,
        width=frame.width,
        frames=stream.frames or round(seconds * rate),
        seconds=seconds,
        time_base=stream.time_base or 1 / rate,
        rate=rate,
        codec=stream.codec_context.name,
        is_lossy=stream.codec.lossy,
        bits=depth_of(frame.format),
        chroma_subsampling=subsampling_of(frame.format),
        tags=tags,
        aspect=aspect if aspect and aspect != 1 else None,
        display_matrix=_numbers(bytes(matrix)) if matrix is not None else None,
        notes=_notes(frame),
    )


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _numbers(matrix: bytes) -> tuple[int, ...]:
    numbers = memoryview(matrix).cast("i").tolist()
    return tuple(numbers)


def _notes(frame: av.VideoFrame) -> tuple[str, ...]:
    rules = {
        "frames are interlaced and are enlarged as they are; deinterlace them first for "
        "smooth edges": frame.interlaced_frame,
        "transparency is left out": any(part.is_alpha for part in frame.format.components),
    }
    return tuple(words for words, holds in rules.items() if holds)
