"""Picture -> file: whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from PIL import Image

from hatsr.files import replacing
from hatsr.image.codecs.jpeg import SEGMENT, comments, iptc_content, side_segments
from hatsr.image.codecs.png import encode_png
from hatsr.image.codecs.tiff import encode_tiff
from hatsr.image.errors import PictureError
from hatsr.image.metadata import exif as exif_block
from hatsr.image.picture import COMMENT, Picture, to_array

FORMATS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".avif": "avif",
}
"""File name endings that can be written, and their formats."""
LONGEST_SIDE = {"jpeg": 65500, "webp": 16383, "avif": 32768, "png": 1_000_000, "tiff": 2**31 - 1}
"""Pixels along a side: what libjpeg, WebP, libavif, libpng and TIFF can hold."""
MOST_PIXELS = {"avif": 16384 * 16384, "tiff": (2**32 - 2**26) // 8}
"""Height x width: what libavif reads back, and 4 GiB of four 16-bit channels."""
QUALITY = {"jpeg": 95, "webp": 95, "avif": 90}
"""Default quality, 1 to 100, of the formats that have one."""
EXIF_HEADER, XMP_HEADER = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def check_writable(
    path: str | os.PathLike[str],
    size: tuple[int, int],
    *,
    has_alpha: bool = False,
    format: str | None = None,  # noqa: A002
    quality: int | None = None,
) -> str:
    """Refuse a file that could not be written, before hours are spent on its pixels.

    Args:
        path: Where it shall be written.
        size: Height and width in pixels.
        has_alpha: Whether some pixel is transparent (``not picture.opaque``).
        format: As in :func:`write`.
        quality: As in :func:`write`.

    Returns:
        The format: png, jpeg, webp, tiff or avif.

    Raises:
        PictureError: an unknown ending, a setting that the format does not have, a size or
            transparency that it cannot hold.
        OSError: the folder is missing or cannot be written to, or the path is a folder.
    """
    chosen = _format(Path(path), format)
    _check_settings(chosen, quality)
    _check_capacity(chosen, size, has_alpha)
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"output must be a file, got the folder {target}; add a file name")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"folder must exist, got {target.parent}; create it first")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"folder must be writable, got {target.parent}; choose another")
    return chosen


def write(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002
    quality: int | None = None,
    software: str | None = None,
) -> None:
    """Write the picture and its metadata; the file appears whole or not at all.

    Args:
        picture: What to write, in its own depth and layout as far as the format has them.
        path: The file; a link is followed.
        format: png, jpeg, webp, tiff or avif; by the path's ending unless given.
        quality: 1 to 100 for JPEG (default 95), WebP (95, or without loss if ``picture.lossless``)
            and AVIF (90).
        software: What made the picture: PNG text and EXIF field ``Software``.

    Raises:
        PictureError: as :func:`check_writable`.
        ValueError: a pixel that is not finite.
        OSError: the file cannot be written; an existing one is left as it was.
    """
    chosen = check_writable(
        path,
        (picture.height, picture.width),
        has_alpha=not picture.opaque,
        format=format,
        quality=quality,
    )
    data = encode(picture, chosen, quality=quality, software=software)
    with replacing(Path(path)) as part:
        part.write_bytes(data)


def encode(
    picture: Picture,
    format: str,  # noqa: A002
    *,
    quality: int | None = None,
    software: str | None = None,
) -> bytes:
    """The bytes of the file that :func:`write` would write."""
    _check_settings(format, quality)
    _check_capacity(format, (picture.height, picture.width), not picture.opaque)
    dpi = picture.dpi if format in ("webp", "avif") else None  # which have no field for it
    exif = exif_block.stamped(picture.exif, software, dpi)
    if format == "tiff":
        return encode_tiff(picture, exif)
    if format == "png":
        return encode_png(picture, exif if picture.exif else None, software)
    if format == "jpeg" and not _fits(exif):
        exif = picture.exif if _fits(picture.exif) else exif_block.stamped(None, software)
    options: dict[str, Any] = {
        "icc_profile": picture.icc_profile if _takes_profile(picture, format) else None,
        "exif": exif and EXIF_HEADER + exif,
        "xmp": picture.xmp if _takes_xmp(picture, format) else None,
        "quality": quality or QUALITY[format],
        **_settings(picture, format, picture.lossless and quality is None),
    }
    codes = to_array(picture, 8)
    if format == "jpeg" and picture.alpha is not None:
        codes = codes[..., 0] if picture.gray else codes[..., :3]
    file = io.BytesIO()
    with Image.fromarray(codes) as image:
        image.save(file, format, **{key: value for key, value in options.items() if value})
    return file.getvalue()


def losses(picture: Picture, format: str) -> tuple[str, ...]:  # noqa: A002
    """What of the picture a format cannot hold and writing leaves out, in words for the user."""
    keys = [key for key, _ in picture.text]
    found = {
        "16 bits per channel are rounded to 8": picture.bits == 16 and format in QUALITY,
        "gray becomes RGB": picture.gray and _becomes_rgb(picture, format),
        "EXIF is too long": format == "jpeg" and not _fits(picture.exif),
        "XMP is too long": not _takes_xmp(picture, format),
        "gray colour profile": not _takes_profile(picture, format),
        "IPTC fields": picture.iptc is not None and format in ("webp", "avif"),
        "IPTC fields are too long": format == "jpeg" and len(iptc_content(picture)) > SEGMENT,
        "text fields": format != "png" and any(not _takes_text(key, format) for key in keys),
        "comment is too long": format == "jpeg"
        and any(len(each) > SEGMENT for each in comments(picture)),
        "resolution of more than 65535 dpi": not _takes_dpi(picture, format),
    }
    return tuple(words for words, lost in found.items() if lost)


def _settings(picture: Picture, kind: str, lossless: bool) -> dict[str, Any]:
    """What only this format is asked for: full colour resolution, everywhere."""
    if kind == "webp":
        return {"lossless": lossless, "exact": lossless}
    if kind == "avif":
        return {} if picture.gray and picture.alpha is None else {"subsampling": "4:4:4"}
    return {
        "subsampling": "4:4:4",
        "dpi": picture.dpi if _takes_dpi(picture, kind) else None,
        "extra": side_segments(picture),
    }


def _format(path: Path, given: str | None) -> str:
    """The format given, or that of the path's ending."""
    if given is not None:
        return given
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise PictureError(
            f"output file must end with {', '.join(FORMATS)}, got {path.name!r}; rename it or "
            "give the format"
        )
    return FORMATS[ending]


def _check_settings(kind: str, quality: int | None) -> None:
    """Refuse an unknown format, and a quality that it does not have."""
    if kind not in LONGEST_SIDE:
        raise PictureError(f"format must be one of {', '.join(LONGEST_SIDE)}, got {kind!r}")
    if quality is None:
        return
    if kind not in QUALITY:
        raise PictureError(
            f"quality is for lossy jpeg, webp and avif, got {quality} for lossless {kind}; "
            "leave it out"
        )
    if not 1 <= quality <= 100:
        raise PictureError(f"quality must be 1 to 100, got {quality}")


def _check_capacity(kind: str, size: tuple[int, int], has_alpha: bool) -> None:
    """Refuse a size or transparency that the format cannot hold."""
    height, width = size
    if has_alpha and kind == "jpeg":
        raise PictureError("jpeg cannot hold transparency; choose .png, .webp, .tif or .avif")
    longest, most = LONGEST_SIDE[kind], MOST_PIXELS.get(kind)
    other = ".tif" if kind == "png" else ".png"
    if max(size) > longest:
        raise PictureError(
            f"sides of a {kind} file must be at most {longest}, got {height} x {width}; "
            f"choose {other}"
        )
    if most is not None and height * width > most:
        raise PictureError(
            f"a {kind} file must have at most {most / 1e6:.0f} megapixels, got {height} x "
            f"{width} = {height * width / 1e6:.0f}; choose .png"
        )


def _fits(exif: bytes | None) -> bool:
    """Whether a JPEG segment is long enough for the EXIF block."""
    return exif is None or len(exif) <= SEGMENT - len(EXIF_HEADER)


def _takes_xmp(picture: Picture, kind: str) -> bool:
    """False when a JPEG segment is too short for the XMP packet."""
    return kind != "jpeg" or len(picture.xmp or b"") <= SEGMENT - len(XMP_HEADER)


def _takes_text(key: str, kind: str) -> bool:
    """Whether the format has a place for a text field of this keyword."""
    return kind == "png" or (kind == "jpeg" and key == COMMENT)


def _takes_profile(picture: Picture, kind: str) -> bool:
    """False when gray pixels with a gray profile become RGB pixels, which it does not describe."""
    gray = (picture.icc_profile or b"")[16:20] == b"GRAY"
    return not (gray and _becomes_rgb(picture, kind))


def _becomes_rgb(picture: Picture, kind: str) -> bool:
    """Whether the format has no gray, or none with alpha."""
    return kind == "webp" or (kind == "avif" and picture.alpha is not None)


def _takes_dpi(picture: Picture, kind: str) -> bool:
    """False when the resolution is more than the 16 bits of a JPEG file."""
    return kind != "jpeg" or max(picture.dpi or (0,)) <= 65535
