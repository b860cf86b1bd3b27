"""What a codec hands over, and how it becomes a picture."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Num

from hatsr.image.codes import from_codes
from hatsr.image.errors import PictureError
from hatsr.image.metadata import exif, iptc, xmp
from hatsr.image.picture import Compression, Picture, from_channels

MAX_PIXELS = 300_000_000
"""Largest picture that is read unless told otherwise: 300 megapixels, 3.6 GB as float32."""
_EXCHANGING = (5, 6, 7, 8)
"""Orientations that exchange height and width."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """Codes as they are stored, not turned yet, and the metadata as found in the file."""

    codes: Num[np.ndarray, "h w c"]
    """One to four channels: gray, gray and alpha, RGB, RGB and alpha."""
    max_code: int | float
    """The code that stands for 1."""
    bits: int
    """8 or 16: bits per channel that hold the codes without loss."""
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    text: tuple[tuple[str, str], ...] = ()
    lossless: bool = False
    compression: Compression | None = None
    notes: tuple[str, ...] = ()


def check_size(height: int, width: int, max_pixels: int) -> None:
    """Refuse a picture by the size that its header gives, before any pixel is decoded.

    Raises:
        PictureError: no pixels, or more than ``max_pixels``.
    """
    if height < 1 or width < 1:
        raise PictureError(f"size must be at least 1 x 1, got {height} x {width}")
    if height * width > max_pixels:
        pixels = height * width
        raise PictureError(
            f"size must be at most {max_pixels / 1e6:g} megapixels, got {height} x {width} = "
            f"{pixels / 1e6:.1f}; if you trust the file, allow it with --max-pixels {pixels} "
            f"(max_pixels={pixels} in Python)"
        )


def to_picture(decoded: Decoded) -> Picture:
    """The picture: pixels turned as displayed and in [0, 1], metadata checked and in keeping."""
    decoded, notes = _checked(decoded)
    turn = 0
    if decoded.exif is not None:
        turn = exif.orientation(decoded.exif)
    if not turn and decoded.xmp is not None:
        turn = xmp.orientation(decoded.xmp)
    codes, exchanged = turned(decoded.codes, turn or 1), turn in _EXCHANGING
    height, width = codes.shape[:2]
    dpi = decoded.dpi or (exif.resolution(decoded.exif) if decoded.exif else None)
    dpi = dpi[::-1] if dpi and exchanged else dpi
    picture = from_channels(from_codes(codes, decoded.max_code), decoded.bits)
    return replace(
        picture,
        icc_profile=decoded.icc_profile,
        exif=decoded.exif and exif.upright(decoded.exif, height, width, exchanged=exchanged),
        xmp=decoded.xmp and xmp.upright(decoded.xmp, height, width, exchanged=exchanged),
        iptc=decoded.iptc,
        dpi=dpi if dpi and all(0 < value < 1e6 for value in dpi) else None,
        text=decoded.text,
        lossless=decoded.lossless,
        compression=decoded.compression,
        notes=notes,
    )


def turned(
    codes: Num[np.ndarray, "h w c"], orientation: int
) -> Num[np.ndarray, "shown_h shown_w c"]:
    """Stored codes as displayed, for an EXIF orientation of 1 to 8.

    5 to 8 exchange rows and columns first; then 2, 3, 7, 6 are mirrored left to right and 3, 4, 7,
    8 top to bottom (EXIF 2.32, section 4.6.4 A).
    """
    if orientation in _EXCHANGING:
        codes = codes.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        codes = codes[:, ::-1]
    return codes[::-1] if orientation in (3, 4, 7, 8) else codes


def _checked(decoded: Decoded) -> tuple[Decoded, tuple[str, ...]]:
    """Without metadata that is damaged or untrue of the enlarged picture, and notes that say so."""
    notes = list(decoded.notes)
    block = (decoded.exif or b"").removeprefix(b"Exif\0\0") or None
    if block is not None and not exif.usable(block):
        notes.append("EXIF is damaged: left out")
        block = None
    packet = decoded.xmp or None
    if packet is not None and b"<" not in packet:
        notes.append("XMP is damaged: left out")
        packet = None
    if packet is not None and not xmp.of_one_picture(packet):
        notes.append("XMP describes further pictures in the file: left out")
        packet = None
    profile, gray = decoded.icc_profile or None, decoded.codes.shape[2] <= 2
    if profile is not None and profile[16:20] not in ((b"RGB ", b"GRAY") if gray else (b"RGB ",)):
        notes.append(f"colour profile for {_colours(profile)} does not fit the pixels: left out")
        profile = None
    records = decoded.iptc or None
    if records is not None and not iptc.usable(records):
        notes.append("IPTC fields are damaged: left out")
        records = None
    checked = replace(decoded, exif=block, xmp=packet, iptc=records, icc_profile=profile)
    return checked, tuple(notes)


def _colours(profile: bytes) -> str:
    """The colour space that a profile is for, by its header (ICC.1:2022, 7.2)."""
    name = profile[16:20].decode("latin-1").strip()
    return name if name.isalnum() else "no colour space"
