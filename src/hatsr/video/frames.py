"""A decoded frame <-> RGB."""

import av
import numpy as np
from jaxtyping import Float32, UInt

from hatsr.video.colours import IDENTITY, ColourTags, planes_of, rgb_of

_THINNINGS = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}
"""Pixels down and across that share a code of colour."""
_DEPTHS = {8: "", 10: "10le", 12: "12le", 16: "16le"}
_FULL = 2
"""FFmpeg's number of the full range, in a frame."""


def tags_of(frame: av.VideoFrame) -> ColourTags:
    """What a frame says about its colours.

    Raises:
        ValueError: a matrix that is not known.
    """
    rgb = _is_rgb(frame.format)
    full = rgb or frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    return ColourTags(
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        matrix=IDENTITY if rgb else frame.colorspace,
        full_range=full,
    )


def _is_rgb(format: av.VideoFormat) -> bool:  # noqa: A002
    return format.is_rgb or format.has_palette


def subsampling_of(format: av.VideoFormat) -> str:  # noqa: A002
    """How colour is thinned, such as 420; other ways as the next one that loses nothing."""
    if _is_rgb(format) or len(format.components) < 3:
        return "444" if _is_rgb(format) else "420"
    across, down = 1920 // format.chroma_width(1920), 1920 // format.chroma_height(1920)
    return {(2, 2): "420", (1, 2): "422"}.get((down, across), "444")


def depth_of(format: av.VideoFormat) -> int:  # noqa: A002
    """Bits of a code: 8, 10, 12 or 16, whichever holds the format's own."""
    bits = max(part.bits for part in format.components) if not format.has_palette else 8
    return next(depth for depth in _DEPTHS if depth >= min(bits, 16))


def to_rgb(frame: av.VideoFrame, tags: ColourTags) -> Float32[np.ndarray, "h w 3"]:
    """RGB in [0, 1].

    Args:
        frame: of any pixel format.
        tags: of its colours, with a matrix that is known.
    """
    bits = depth_of(frame.format)
    if _is_rgb(frame.format):
        green, blue, red = _planes(frame, f"gbrp{_DEPTHS[bits]}", bits)
        return np.stack([red, green, blue], axis=2) / np.float32(2**bits - 1)
    if len(frame.format.components) < 3:
        light = _planes(frame, f"gray{_DEPTHS[bits]}", bits)[0]
        neutral = np.full((1, 1), 2 ** (bits - 1), light.dtype)
        colour = np.broadcast_to(neutral, light.shape)
        return rgb_of(light, (colour, colour), bits, tags)
    light, *colour = _planes(frame, pixel_format(subsampling_of(frame.format), bits), bits)
    return rgb_of(light, (colour[0], colour[1]), bits, tags)


def pixel_format(chroma_subsampling: str, bits: int) -> str:
    """FFmpeg's name for planes of light and colour, such as yuv420p10le."""
    return f"yuv{chroma_subsampling}p{_DEPTHS[bits]}"


def to_frame(
    rgb: Float32[np.ndarray, "h w 3"], chroma_subsampling: str, bits: int, tags: ColourTags
) -> av.VideoFrame:
    """A frame to encode: the inverse of `to_rgb`.

    Args:
        rgb: in [0, 1].
        chroma_subsampling: of colour: 420, 422 or 444.
        bits: of a code: 8, 10 or 12.
        tags: of its colours, with a matrix that is known.
    """
    height, width = rgb.shape[:2]
    frame = av.VideoFrame(width, height, pixel_format(chroma_subsampling, bits))
    codes = planes_of(rgb, _THINNINGS[chroma_subsampling], bits, tags)
    for plane, part in zip(frame.planes, codes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // part.itemsize), part.dtype)
        rows[:, : part.shape[1]] = part
        plane.update(rows.tobytes())
    return frame


def _planes(frame: av.VideoFrame, name: str, bits: int) -> list[UInt[np.ndarray, "_ _"]]:
    """The planes of a frame in a format of planes, into which it is put without loss."""
    if frame.format.name.replace("yuvj", "yuv") != name:
        tags = {"src_color_range": frame.color_range, "dst_color_range": frame.color_range}
        frame = frame.reformat(format=name, **tags)
    kind = np.uint8 if bits == 8 else np.uint16
    return [
        np.frombuffer(bytes(plane), kind).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]
