"""What of a picture a format cannot hold."""

from dataclasses import replace
from typing import Any

from hatsr.image.codecs.jpeg import comment_fits, exif_fits, iptc_fits, xmp_fits
from hatsr.image.picture import COMMENT, Picture

_EIGHT_BITS = ("jpeg", "webp", "avif")
_HIGHEST_DPI = 65535
"""Highest resolution in a JPEG file, which has 16 bits for it."""


def fit(picture: Picture, format: str) -> tuple[Picture, tuple[str, ...]]:  # noqa: A002
    """The picture without the metadata that a format cannot hold, and words for all that is lost.

    Its pixels are left as they are: those who write the format round them and make gray RGB.
    """
    jpeg = format == "jpeg"
    keys = [key for key, _ in picture.text]
    text = tuple(field for field in picture.text if _takes_field(*field, format))
    rules: list[tuple[str, bool, dict[str, Any]]] = [
        ("16 bits per channel are rounded to 8", picture.bits > 8 and format in _EIGHT_BITS, {}),
        ("gray becomes RGB", picture.gray and _becomes_rgb(picture, format), {}),
        ("EXIF is too long", jpeg and not exif_fits(picture.exif), {"exif": None}),
        ("XMP is too long", jpeg and not xmp_fits(picture.xmp), {"xmp": None}),
        ("gray colour profile", not _takes_profile(picture, format), {"icc_profile": None}),
        ("IPTC fields", bool(picture.iptc) and format in ("webp", "avif"), {"iptc": None}),
        ("IPTC fields are too long", jpeg and not iptc_fits(picture.iptc), {"iptc": None}),
        ("text fields", not all(_takes_key(key, format) for key in keys), {"text": text}),
        ("comment is too long", jpeg and len(text) < keys.count(COMMENT), {"text": text}),
        (f"resolution of more than {_HIGHEST_DPI} dpi", jpeg and _is_fine(picture), {"dpi": None}),
    ]
    found = [(words, changes) for words, lost, changes in rules if lost]
    without = {field: value for _, changes in found for field, value in changes.items()}
    return replace(picture, **without), tuple(words for words, _ in found)


def losses(picture: Picture, format: str) -> tuple[str, ...]:  # noqa: A002
    """What of the picture a format cannot hold and writing leaves out, in words for the user."""
    return fit(picture, format)[1]


def _takes_key(key: str, kind: str) -> bool:
    """Whether the format has a place for a text field of this keyword."""
    return kind == "png" or (kind == "jpeg" and key == COMMENT)


def _takes_field(key: str, value: str, kind: str) -> bool:
    """Whether the format has a place, and room enough, for a text field."""
    return _takes_key(key, kind) and (kind == "png" or comment_fits(value))


def _takes_profile(picture: Picture, kind: str) -> bool:
    """False when gray pixels with a gray profile become RGB pixels, which it does not describe."""
    gray = (picture.icc_profile or b"")[16:20] == b"GRAY"
    return not (gray and _becomes_rgb(picture, kind))


def _becomes_rgb(picture: Picture, kind: str) -> bool:
    """Whether the format has no gray, or none with alpha."""
    return kind == "webp" or (kind == "avif" and picture.alpha is not None)


def _is_fine(picture: Picture) -> bool:
    """Whether the resolution is finer than 16 bits can say."""
    return picture.dpi is not None and max(picture.dpi) > _HIGHEST_DPI
