"""Picture -> file: whole or not at all."""

import os
from pathlib import Path

from hatsr.files import check_replaceable, replacing
from hatsr.image.codecs.avif import encode_avif
from hatsr.image.codecs.jpeg import encode_jpeg
from hatsr.image.codecs.png import encode_png
from hatsr.image.codecs.tiff_writing import encode_tiff
from hatsr.image.codecs.webp import encode_webp
from hatsr.image.errors import PictureError
from hatsr.image.fitting import fit
from hatsr.image.picture import Picture

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
_LONGEST_SIDE = {"jpeg": 65500, "webp": 16383, "avif": 32768, "png": 1_000_000, "tiff": 2**31 - 1}
"""Pixels along a side: what libjpeg, WebP, libavif, libpng and TIFF can hold."""
_MOST_PIXELS = {"avif": 16384 * 16384, "tiff": (2**32 - 2**26) // 8}
"""Height x width: what libavif reads back, and 4 GiB of four 16-bit channels."""
QUALITY = {"jpeg": 95, "webp": 95, "avif": 90}
"""Default quality, 1 to 100, of the formats that have one."""


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
        OSError: as `hatsr.files.check_replaceable`.
    """
    chosen = _format(Path(path), format)
    check_encodable(chosen, size, has_alpha=has_alpha, quality=quality)
    check_replaceable(path)
    return chosen


def check_encodable(
    format: str,  # noqa: A002
    size: tuple[int, int],
    *,
    has_alpha: bool = False,
    quality: int | None = None,
) -> None:
    """Refuse what a format cannot hold, as :func:`check_writable` does, wherever the file will be.

    Raises:
        PictureError: as :func:`check_writable`.
    """
    _check_settings(format, quality)
    check_capacity(format, size, has_alpha)


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
    size = picture.height, picture.width
    check_encodable(format, size, has_alpha=not picture.opaque, quality=quality)
    picture, _ = fit(picture, format)
    if format == "png":
        return encode_png(picture, software)
    if format == "tiff":
        return encode_tiff(picture, software)
    if format == "webp":
        lossless = picture.lossless and quality is None
        return encode_webp(picture, software, None if lossless else quality or QUALITY[format])
    lossy = {"jpeg": encode_jpeg, "avif": encode_avif}[format]
    return lossy(picture, software, quality or QUALITY[format])


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
    if kind not in _LONGEST_SIDE:
        raise PictureError(f"format must be one of {', '.join(_LONGEST_SIDE)}, got {kind!r}")
    if quality is None:
        return
    if kind not in QUALITY:
        raise PictureError(
            f"quality is for lossy jpeg, webp and avif, got {quality} for lossless {kind}; "
            "leave it out"
        )
    if not 1 <= quality <= 100:
        raise PictureError(f"quality must be 1 to 100, got {quality}")


def check_capacity(kind: str, size: tuple[int, int], has_alpha: bool) -> None:
    """Refuse a size or transparency that the format cannot hold."""
    height, width = size
    if has_alpha and kind == "jpeg":
        raise PictureError("jpeg cannot hold transparency; choose .png, .webp, .tif or .avif")
    longest, most = _LONGEST_SIDE[kind], _MOST_PIXELS.get(kind)
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
