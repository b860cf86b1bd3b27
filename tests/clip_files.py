"""Clips that the tests make: 32 x 24 pixels, ten frames, a box that moves."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

HEIGHT, WIDTH = 24, 32
STEADY = tuple(range(0, 400, 40))
"""Times of 25 frames a second, in milliseconds."""
UNEVEN = (0, 40, 75, 160, 161, 300, 330, 400, 555, 600)
"""Times of a rate that varies, in milliseconds."""


def scene(number: int) -> np.ndarray:
    """RGB of a frame, h w 3, uint8."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rgb = np.stack([8 * x, 10 * y, np.full_like(x, 128)], axis=2).astype(np.uint8)
    rgb[6:14, 2 * number : 2 * number + 8] = 240, 30, 60
    return rgb


def make_clip(
    path: Path,
    codec: str = "libx264",
    *,
    times: Sequence[int] = STEADY,
    pixels: str = "yuv420p",
    sound: str | None = None,
    still: bool = False,
    index_first: bool = False,
    degrees: int = 0,
    tags: tuple[int, int, int, int] = (2, 2, 2, 0),
    aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip.

    Args:
        path: its ending names the container.
        codec: FFmpeg's name of the encoder.
        times: of the frames, milliseconds.
        pixels: FFmpeg's name of the pixel format.
        sound: FFmpeg's name of an encoder for 0.4 s of a tone.
        still: all frames are the first.
        index_first: in MP4 the index stands before the frames.
        degrees: by which players turn it.
        tags: primaries, transfer, matrix (ITU-T H.273) and range (1: studio, 2: full).
        aspect: of a pixel.
        options: of the encoder.
    """
    container = av.open(path, "w", options={"movflags": "faststart"} if index_first else {})
    with container:
        frames: Any = container.add_stream(codec, 25, {"threads": "1", **(options or {})})
        frames.width, frames.height, frames.pix_fmt = WIDTH, HEIGHT, pixels
        context = frames.codec_context
        context.time_base = frames.time_base = Fraction(1, 1000)
        context.sample_aspect_ratio = aspect
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        frames.metadata["language"] = "deu"
        container.metadata["title"] = "A box"
        tone: Any = container.add_stream(sound, 48000, layout="mono") if sound else None
        if degrees:
            frames.set_display_rotation(degrees)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(scene(0 if still else number), "rgb24")
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(frames.encode(frame))
        if tone is not None:
            add_tone(container, tone)
        container.mux(frames.encode(None))
    return path


def add_tone(container: Any, tone: Any) -> None:
    """0.4 s of 440 Hz."""
    for start in range(0, 19200, 960):
        wave = np.sin(2 * np.pi * 440 * np.arange(start, start + 960) / 48000) / 4
        kind = tone.codec_context.format.name
        samples = wave.astype(np.float32) if "flt" in kind else (32767 * wave).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format=kind, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(tone.encode(frame))
    container.mux(tone.encode(None))


def times_of(path: Path) -> list[Fraction]:
    """When each frame is shown, seconds."""
    with av.open(path) as container:
        return [f.pts * f.time_base for f in container.decode(video=0) if f.pts is not None]


def pixels_of(path: Path) -> list[np.ndarray]:
    """Each frame as 8-bit RGB."""
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def packets_of(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time from the first one, and bytes, of each packet of the first stream of a kind."""
    with av.open(path) as container:
        stream = next(each for each in container.streams if each.type == kind)
        found = [p for p in container.demux(stream) if p.pts is not None]
        first = found[0].pts or 0
        return [(((p.pts or 0) - first) * p.time_base, bytes(p)) for p in found]


def gaps(times: Sequence[Fraction]) -> list[Fraction]:
    """From each to the next."""
    return [after - before for before, after in pairwise(times)]
