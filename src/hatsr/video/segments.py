"""Segments: a clip's enlarged frames in pieces that can be decoded alone, each a file."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import Float32

from hatsr.files import replacing
from hatsr.video.clip import Clip
from hatsr.video.colours import ColourTags
from hatsr.video.encoders import Encoding
from hatsr.video.frames import pixel_format, to_frame

_CONTAINER = "nut"
"""Holds any codec and any time base."""


class SegmentWriter:
    """Encodes the frames of one segment.

    Args:
        stream: of the segment's file.
        encoding: encoder, size and pixel format.
        tags: of the clip's colours.
    """

    def __init__(self, stream: VideoStream, encoding: Encoding, tags: ColourTags) -> None:
        self.stream, self.encoding, self.tags = stream, encoding, tags

    def write(self, rgb: Float32[np.ndarray, "h w 3"], pts: int) -> None:
        """Encode the next frame.

        Args:
            rgb: in [0, 1]; at least as large as the encoding says.
            pts: when it is shown, in units of the clip's time base.
        """
        how = self.encoding
        frame = to_frame(
            rgb[: how.height, : how.width], how.chroma_subsampling, how.bits, self.tags
        )
        frame.pts, frame.time_base = pts, self.stream.codec_context.time_base
        self._put(self.stream.encode(frame))

    def finish(self) -> None:
        """Encode what the encoder has kept back."""
        self._put(self.stream.encode(None))

    def _put(self, packets: list[av.Packet]) -> None:
        container = self.stream.container
        if isinstance(container, OutputContainer):
            container.mux(packets)


@contextmanager
def writing_segment(
    path: Path, clip: Clip, encoding: Encoding
) -> Generator[SegmentWriter, None, None]:
    """Write a segment; its file appears whole or not at all."""
    options = {"avoid_negative_ts": "disabled"}
    with replacing(path) as part:
        with av.open(part, "w", format=_CONTAINER, container_options=options) as container:
            writer = SegmentWriter(
                _add_stream(container, clip, encoding), encoding, clip.written_tags
            )
            yield writer
            writer.finish()
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # a segment that is there is whole, even after a power cut


def _add_stream(container: OutputContainer, clip: Clip, encoding: Encoding) -> VideoStream:
    stream = container.add_stream(encoding.encoder, clip.rate, dict(encoding.options))
    if not isinstance(stream, VideoStream):
        raise TypeError(f"encoder must be one of frames, got {encoding.encoder}")
    context = stream.codec_context
    context.width, context.height = encoding.width, encoding.height
    context.time_base = stream.time_base = clip.time_base
    mark_colours(stream, clip.written_tags)
    context.sample_aspect_ratio = clip.aspect or Fraction(1)
    context.pix_fmt = pixel_format(encoding.chroma_subsampling, encoding.bits)
    return stream


def mark_colours(stream: VideoStream, tags: ColourTags) -> None:
    """Say in a stream what its colours mean."""
    context = stream.codec_context
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace, context.color_range = tags.matrix, 2 if tags.full_range else 1


def segment_packets(path: Path, time_base: Fraction) -> Iterator[tuple[int, av.Packet]]:
    """The packets of a segment in the order in which they are decoded.

    Yields:
        When its frame is shown, in units of `time_base`, and the packet with this time set.
    """
    with av.open(path) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.pts is not None:
                pts = round(packet.pts * packet.time_base / time_base)
                packet.pts, packet.time_base = pts, time_base
                yield pts, packet
