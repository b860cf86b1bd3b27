"""The picture: pixels in [0, 1] and what its file said about them."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt

from hatsr.image.codes import from_codes, to_codes, unit_floats
from hatsr.image.errors import PictureError
from hatsr.image.metadata import exif as exif_block
from hatsr.image.metadata import xmp as xmp_packet

Codec = Literal["JPEG", "WebP"]
_LAYOUTS = "h w, h w 1 (gray), h w 2 (gray, alpha), h w 3 (RGB) or h w 4 (RGB, alpha)"
COMMENT = "Comment"
"""Keyword of the text fields that are comments."""


@dataclass(frozen=True, slots=True)
class Compression:
    """How a file lost detail."""

    codec: Codec
    """The kind of file."""
    quality: int
    """About what the usual encoder (libjpeg, libwebp) was told, 1 to 100."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """Pixels as displayed (EXIF orientation applied) and the metadata to write back with them."""

    rgb: Float32[np.ndarray, "h w 3"]
    """Colour in [0, 1]: code / largest code, unrounded; three equal channels for a gray picture."""
    alpha: Float32[np.ndarray, "h w"] | None = None
    """Opacity in [0, 1], not multiplied into the colour; None when the file has none."""
    gray: bool = False
    """The file has no colour: it is written back with one channel."""
    bits: int = 8
    """Bits per channel, 8 or 16."""
    icc_profile: bytes | None = None
    """RGB or gray ICC profile, byte for byte as found."""
    exif: bytes | None = None
    """EXIF block from its TIFF header on; orientation 1, no thumbnail."""
    xmp: bytes | None = None
    """XMP packet; orientation 1."""
    iptc: bytes | None = None
    """IPTC-IIM records."""
    dpi: tuple[float, float] | None = None
    """Pixels per inch across and down."""
    text: tuple[tuple[str, str], ...] = ()
    """Keyword and value of each PNG text field but Software; the comments of other formats have
    the keyword Comment."""
    lossless: bool = False
    """WebP keeps every code: the file was a WebP that did."""
    compression: Compression | None = None
    """Codec and quality of a lossy JPEG or WebP file."""
    notes: tuple[str, ...] = ()
    """What a user must be told about how the file was read."""

    def __post_init__(self) -> None:
        height, width = self.rgb.shape[:2]
        if height < 1 or width < 1:
            raise ValueError(f"picture must have at least one pixel, got {height} x {width}")
        if self.alpha is not None and self.alpha.shape != (height, width):
            raise ValueError(f"alpha must be {height} x {width} like rgb, got {self.alpha.shape}")
        if self.bits not in (8, 16):
            raise ValueError(f"bits must be 8 or 16, got {self.bits}")

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.rgb.shape[0]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.rgb.shape[1]

    @property
    def opaque(self) -> bool:
        """True when there is no alpha, or when it hides nothing."""
        return self.alpha is None or bool(self.alpha.min() >= 1)


def from_array(array: np.ndarray) -> Picture:
    """Picture from uint8, uint16 or float pixels of shape h w, h w 1, h w 2, h w 3 or h w 4.

    One or two channels are gray and gray with alpha; floats must lie in [0, 1] and count as 16
    bits.

    Raises:
        PictureError: another shape or type, or a float outside [0, 1].
    """
    stacked = array[..., None] if array.ndim == 2 else array
    if stacked.ndim != 3 or stacked.shape[2] not in (1, 2, 3, 4):
        raise PictureError(f"array must have shape {_LAYOUTS}, got {array.shape} {array.dtype}")
    if 0 in stacked.shape:
        raise PictureError(f"array must have at least one pixel, got {array.shape}")
    if stacked.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        bits = 8 * stacked.dtype.itemsize
        return from_channels(from_codes(stacked, 2**bits - 1), bits)
    if stacked.dtype.kind != "f":
        raise PictureError(
            f"array must be uint8, uint16 or float in [0, 1], got {array.dtype} of shape "
            f"{array.shape}; convert it first"
        )
    return from_channels(unit_floats(stacked), 16)


def from_channels(values: Float32[np.ndarray, "h w c"], bits: int) -> Picture:
    """Picture from one to four channels in [0, 1], without metadata."""
    height, width, channels = values.shape
    gray, has_alpha = channels <= 2, channels in (2, 4)
    rgb = np.broadcast_to(values[..., :1], (height, width, 3)) if gray else values[..., :3]
    alpha = np.ascontiguousarray(values[..., -1]) if has_alpha else None
    return Picture(rgb=np.ascontiguousarray(rgb), alpha=alpha, gray=gray, bits=bits)


def to_array(picture: Picture, bits: int | None = None) -> UInt[np.ndarray, "h w *c"]:
    """The picture as codes in the layout of its file: the inverse of :func:`from_array`.

    Returns:
        h w (gray), h w 2 (gray, alpha), h w 3 or h w 4; uint8, or uint16 when ``bits`` (default:
        the picture's own) is 16. A gray picture's code is that of the mean of its three channels.
    """
    bits = bits or picture.bits
    colour = picture.rgb.mean(axis=2, dtype=np.float32) if picture.gray else picture.rgb
    codes = to_codes(colour, bits)
    if picture.alpha is None:
        return codes
    return np.dstack([codes, to_codes(picture.alpha, bits)])


def enlarged(
    picture: Picture,
    sr: Float32[np.ndarray, "sr_h sr_w 3"],
    scale: int | float,
    alpha: Float32[np.ndarray, "sr_h sr_w *c"] | None = None,
) -> Picture:
    """The picture with its super-resolved pixels, and its metadata told about the new size.

    Args:
        picture: The LR picture.
        sr: Its colour, ``scale`` times as large, in HR pixels.
        scale: Factor of both sides; DPI and EXIF resolution are multiplied by it, so that the
            picture prints at the same size.
        alpha: Its opacity enlarged: one channel, or three as a network returns it. May be left
            out when there is no alpha or it is the same everywhere.

    Raises:
        ValueError: A size that is not ``scale`` times the picture's, or alpha forgotten.
    """
    height, width = sr.shape[:2]
    expected = picture.height * scale, picture.width * scale
    if abs(height - expected[0]) >= 1 or abs(width - expected[1]) >= 1:
        raise ValueError(
            f"sr must be {scale:g} times {picture.height} x {picture.width}, got {height} x {width}"
        )
    return replace(
        picture,
        rgb=sr,
        compression=None,
        alpha=_enlarged_alpha(picture.alpha, alpha, (height, width)),
        dpi=picture.dpi and (picture.dpi[0] * scale, picture.dpi[1] * scale),
        exif=picture.exif and exif_block.resized(picture.exif, height, width, scale),
        xmp=picture.xmp and xmp_packet.resized(picture.xmp, height, width, scale),
    )


def _enlarged_alpha(
    old: np.ndarray | None, new: np.ndarray | None, size: tuple[int, int]
) -> np.ndarray | None:
    """The enlarged opacity, one channel of the given height and width."""
    if old is None:
        return None
    if new is not None:
        return new.mean(axis=2, dtype=np.float32) if new.ndim == 3 else new
    if old.min() != old.max():
        raise ValueError("alpha must be enlarged too, got None; pass the enlarged alpha")
    return np.full(size, old[0, 0], np.float32)
