"""Segments and what else was in the clip, joined to one file."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.container.core import Flags
from av.stream import Stream

from hatsr.files import remove_leftovers, replacing
from hatsr.video.clip import Clip, picture_stream
from hatsr.video.encoders import Encoding
from hatsr.video.segments import mark_colours, segment_packets

_OF_THE_FILE = ("encoder", "major_brand", "minor_version", "compatible_brands")
"""Metadata that a muxer writes itself."""
_OF_THE_FRAMES = ("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS", "encoder", "ENCODER")
"""Beginnings of keys of metadata that are untrue of enlarged frames."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Joint:
    """Time base, decoding delay and frame durations for joining the segments."""

    time_base: Fraction
    """Seconds of a unit of time."""
    delay: int
    """Frames by which decoding is ahead of showing."""
    step: int
    """Of a frame in the mean, in units of time."""
    last: int
    """How long the last frame is shown, in the same units."""


def join(
    clip: Clip,
    encoding: Encoding,
    segments: Sequence[Path],
    target: Path,
    *,
    last_duration: int,
    software: str,
) -> tuple[str, ...]:
    """Write the enlarged clip: its frames, and all else as it is in the clip.

    Args:
        clip: the source.
        encoding: of the segments.
        segments: in order.
        target: the result's file, which appears whole or not at all.
        last_duration: how long the last frame is shown, in units of the clip's time base; 0: as
            long as the others.
        software: what made the frames.

    Returns:
        What the container cannot hold and is left out, in words.
    """
    delay = max(_delay(_times(path, clip.time_base)) for path in segments)
    last = last_duration or clip.step
    joint = Joint(time_base=clip.time_base, delay=delay, step=clip.step, last=last)
    options = {"movflags": "+faststart"} if encoding.container in ("mp4", "mov") else {}
    remove_leftovers(target)
    with (
        av.open(clip.path) as source,
        av.open(segments[0]) as first,
        replacing(target) as part,
        av.open(part, "w", format=encoding.container, container_options=options) as result,
    ):
        result.flags |= Flags.bitexact.value  # no dates, no random numbers
        frames = picture_stream(source, clip.path)
        enlarged = _add_frames(result, first, frames, clip, software)
        copies, notes = _add_others(result, source, frames)
        _copy_facts(result, source)
        packets = (_moved(packet, enlarged) for packet in _timed(segments, joint))
        others = _copied(source, copies) if copies else iter(())
        for packet in heapq.merge(packets, others, key=_seconds):
            result.mux(packet)
    return notes


def _add_frames(
    result: OutputContainer, first: InputContainer, frames: Stream, clip: Clip, software: str
) -> Stream:
    stream = result.add_stream_from_template(first.streams.video[0], opaque=True)
    stream.time_base = clip.time_base
    mark_colours(stream, clip.written_tags)
    stream.codec_context.framerate = clip.rate
    stream.codec_context.sample_aspect_ratio = clip.aspect or Fraction(1)
    stream.set_display_matrix(clip.display_matrix)
    stream.disposition = frames.disposition
    kept = {k: v for k, v in frames.metadata.items() if not k.startswith(_OF_THE_FRAMES)}
    stream.metadata.update(kept | {"encoder": software})
    return stream


def _add_others(
    result: OutputContainer, source: InputContainer, frames: Stream
) -> tuple[dict[int, Stream], tuple[str, ...]]:
    """A stream for each of the others that the container holds, by index; and what it does not."""
    copies, lost = {}, []
    for stream in source.streams:
        if stream.index == frames.index or _is_chapter_track(source, stream):
            continue
        copy = _copy_of(result, stream)
        if copy is None:
            name = stream.codec_context.name if stream.codec_context else "data"
            lost.append(f"{stream.type} ({name}) does not go into {result.format.name}: left out")
        else:
            copies[stream.index] = copy
    return copies, tuple(lost)


def _is_chapter_track(source: InputContainer, stream: Stream) -> bool:
    """MP4 keeps the names of chapters in a track of their own."""
    return stream.type == "data" and bool(source.chapters())


def _copy_of(result: OutputContainer, stream: Stream) -> Stream | None:
    """A stream like the given one; None where the container has no place for it."""
    if stream.type == "data" or (stream.type == "attachment" and result.format.name != "matroska"):
        return None
    try:
        copy = result.add_stream_from_template(stream, opaque=True)
    except ValueError:
        return None
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def _copy_facts(result: OutputContainer, source: InputContainer) -> None:
    kept = {k: v for k, v in source.metadata.items() if k not in _OF_THE_FILE}
    result.metadata.update(kept)
    result.set_chapters(source.chapters())


def _copied(source: InputContainer, copies: dict[int, Stream]) -> Iterator[av.Packet]:
    """The packets of the other streams, as they are."""
    wanted = [stream for stream in source.streams if stream.index in copies]
    for packet in source.demux(wanted):
        if packet.dts is not None or packet.pts is not None:
            yield _moved(packet, copies[packet.stream_index])


def _moved(packet: av.Packet, stream: Stream) -> av.Packet:
    packet.stream = stream
    return packet


def _seconds(packet: av.Packet) -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    return float((time or 0) * packet.time_base)


def _delay(times: Sequence[int]) -> int:
    """By how many frames decoding must be ahead, of the times in the order of decoding."""
    ranks = {time: rank for rank, time in enumerate(sorted(times))}
    return max(index - ranks[time] for index, time in enumerate(times))


def _timed(segments: Sequence[Path], joint: Joint) -> Iterator[av.Packet]:
    """The packets of all segments, each told when it is decoded and how long it is shown.

    Decoding follows the times of showing, in their order, `delay` frames ahead.
    """
    waiting: list[int] = []
    for path, after in zip(segments, (*segments[1:], None), strict=True):
        packets = list(segment_packets(path, joint.time_base))
        times = sorted(pts for pts, _ in packets)
        end = times[-1] + joint.last if after is None else min(_times(after, joint.time_base))
        ends = dict(zip(times, (*times[1:], end), strict=True))
        if not waiting:
            waiting = [times[0] - joint.step * early for early in range(joint.delay, 0, -1)]
        waiting += times
        for pts, packet in packets:
            packet.dts = waiting.pop(0)
            packet.duration = ends[pts] - pts
            yield packet


def _times(path: Path, time_base: Fraction) -> list[int]:
    """When a segment's frames are shown, in the order of decoding."""
    return [pts for pts, _ in segment_packets(path, time_base)]
