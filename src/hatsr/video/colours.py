"""Planes of light and colour <-> RGB, by what a clip says about its colours.

Codes are those of ITU-T H.273, ranges and matrices its equations 20 to 57.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt

UNSPECIFIED, IDENTITY = 2, 0
"""Codes for what is not known, and for planes that are RGB themselves."""
BT709, SMPTE170M = 1, 6
"""Codes of the usual matrices for large and for small pictures."""
_LUMA = {
    BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    SMPTE170M: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Weights of red and blue in the light, of each matrix that is known."""
_LARGE = 1280, 576
"""Width from which on, and height above which, a clip that does not say is taken for BT.709."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ColourTags:
    """What a clip says about its colours, in codes of ITU-T H.273."""

    primaries: int = UNSPECIFIED
    """Number of the primaries: what red, green and blue are."""
    transfer: int = UNSPECIFIED
    """Number of the transfer function, from light to sample."""
    matrix: int = UNSPECIFIED
    """How light and colour are made of red, green and blue."""
    full_range: bool = False
    """Codes begin at 0 and end at the largest one, instead of 16 and 235 of 255."""

    def __post_init__(self) -> None:
        if self.matrix not in (*_LUMA, IDENTITY, UNSPECIFIED):
            known = ", ".join(map(str, sorted(_LUMA)))
            raise ValueError(
                f"colour matrix must be one of {known}, got {self.matrix} (ITU-T H.273); "
                "convert the clip to BT.709 or BT.2020 first"
            )


def known_matrix(tags: ColourTags, height: int, width: int) -> int:
    """The matrix of a clip, or where it does not say, what players take by its size.

    Args:
        tags: what the clip says.
        height: of its frames, LR pixels.
        width: of its frames, LR pixels.
    """
    if tags.matrix not in (UNSPECIFIED, IDENTITY):
        return tags.matrix
    is_large = width >= _LARGE[0] or height > _LARGE[1]
    return BT709 if is_large or tags.matrix == IDENTITY else SMPTE170M


def rgb_of(
    light: UInt[np.ndarray, "h w"],
    colour: tuple[UInt[np.ndarray, "chroma_h chroma_w"], UInt[np.ndarray, "chroma_h chroma_w"]],
    bits: int,
    tags: ColourTags,
) -> Float32[np.ndarray, "h w 3"]:
    """RGB in [0, 1] of the codes of light, blue difference and red difference.

    Args:
        light: codes of every pixel.
        colour: codes of every pixel, or of every second one across, or across and down.
        bits: of a code.
        tags: with a matrix that is known.
    """
    red, blue = _LUMA[tags.matrix]
    (light_offset, light_span), (colour_offset, colour_span) = _ranges(bits, tags.full_range)
    y = (light.astype(np.float32) - light_offset) / light_span
    cb, cr = (
        (_upsampled(plane.astype(np.float32), light.shape) - colour_offset) / colour_span
        for plane in colour
    )
    rgb = np.empty((*light.shape, 3), np.float32)
    rgb[..., 0] = y + np.float32(2 * (1 - red)) * cr
    rgb[..., 2] = y + np.float32(2 * (1 - blue)) * cb
    rgb[..., 1] = y - np.float32(red) * rgb[..., 0] - np.float32(blue) * rgb[..., 2]
    rgb[..., 1] /= np.float32(1 - red - blue)
    return rgb.clip(0, 1, out=rgb)


def planes_of(
    rgb: Float32[np.ndarray, "h w 3"],
    chroma_subsampling: tuple[int, int],
    bits: int,
    tags: ColourTags,
) -> tuple[UInt[np.ndarray, "plane_h plane_w"], ...]:
    """Codes of light, blue difference and red difference: the inverse of `rgb_of`.

    Args:
        rgb: in [0, 1]; what lies outside is clipped.
        chroma_subsampling: pixels down and across that share a code of colour, 1 or 2 each.
        bits: of a code.
        tags: with a matrix that is known.
    """
    red, blue = _LUMA[tags.matrix]
    r, g, b = np.moveaxis(rgb.clip(0, 1), 2, 0)
    y = np.float32(red) * r + np.float32(1 - red - blue) * g + np.float32(blue) * b
    cb = _subsampled((b - y) / np.float32(2 * (1 - blue)), chroma_subsampling)
    cr = _subsampled((r - y) / np.float32(2 * (1 - red)), chroma_subsampling)
    light, colour = _ranges(bits, tags.full_range)
    return _codes(y, *light, bits), _codes(cb, *colour, bits), _codes(cr, *colour, bits)


def _ranges(bits: int, full: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """The code of nothing, and codes from nothing to all, of light and of colour."""
    unit, top = 2 ** (bits - 8), 2**bits - 1
    light = (0, top) if full else (16 * unit, 219 * unit)
    return light, (128 * unit, top if full else 224 * unit)


def _codes(
    values: Float32[np.ndarray, "plane_h plane_w"], offset: int, span: int, bits: int
) -> UInt[np.ndarray, "plane_h plane_w"]:
    kind = np.uint8 if bits == 8 else np.uint16
    scaled = values * np.float32(span) + np.float32(offset + 0.5)
    return scaled.clip(0, 2**bits - 1).astype(kind)


def _upsampled(plane: Float32[np.ndarray, "plane_h plane_w"], size: tuple[int, ...]) -> np.ndarray:
    """A code of colour for every pixel, bilinear.

    Thinned codes lie on every second pixel across, and between two rows: what H.264, H.265 and VP9
    mean where a clip does not say.
    """
    height, width = size
    if plane.shape[1] < width:
        right = np.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
        plane = np.stack([plane, (plane + right) / 2], axis=2).reshape(len(plane), -1)[:, :width]
    if len(plane) < height:
        above = np.concatenate([plane[:1], plane[:-1]])
        below = np.concatenate([plane[1:], plane[-1:]])
        pairs = np.stack([(3 * plane + above) / 4, (3 * plane + below) / 4], axis=1)
        plane = pairs.reshape(-1, plane.shape[1])[:height]
    return plane


def _subsampled(
    plane: Float32[np.ndarray, "h w"], chroma_subsampling: tuple[int, int]
) -> np.ndarray:
    """Fewer codes of colour, at the places that `_upsampled` knows."""
    down, across = chroma_subsampling
    if across == 2:
        padded = np.pad(plane, ((0, 0), (1, 2)), mode="edge")
        width = -(-plane.shape[1] // 2)
        left, middle, right = (padded[:, i : i + 2 * width : 2] for i in range(3))
        plane = (left + 2 * middle + right) / 4
    if down == 2:
        padded = np.pad(plane, ((0, len(plane) % 2), (0, 0)), mode="edge")
        plane = (padded[::2] + padded[1::2]) / 2
    return plane
