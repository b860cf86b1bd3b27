"""PNG: pixels of every depth apart, metadata through Pillow.

Pillow reads 16-bit colour with 8 bits, and half a picture without complaint; libpng does neither.
So the chunks are parted: `png_pixels` has those of the pixels, and the others go to Pillow around a
picture of one pixel. Writing joins them the same way.
"""

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from hatsr.image.bitstreams.png_chunks import MAGIC, PIXELS, TEXT, chunk, chunks, sound_chunks
from hatsr.image.codecs.decoded import Decoded, check_size
from hatsr.image.codecs.png_pixels import decode_pixels, encode_pixels
from hatsr.image.errors import PictureError
from hatsr.image.metadata.cicp import cicp_notes
from hatsr.image.metadata.exif import stamped
from hatsr.image.metadata.iptc import from_resources, to_resources
from hatsr.image.metadata.raw_profiles import KEY, raw_profiles, to_lines
from hatsr.image.picture import Picture, to_array

_METADATA = (b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB")
_XMP = "XML:com.adobe.xmp"
_MOST_TEXT = 2**26
"""Characters of all text fields together."""
_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""x and y of sRGB's white, red, green and blue."""


def read_png(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of a PNG file; checks every checksum."""
    parts, wrong = sound_chunks(data)
    header = next(iter(parts), (b"", b""))
    if header[0] != b"IHDR" or len(header[1]) != 25:
        raise PictureError("PNG must begin with its header chunk; the file is damaged")
    width, height = struct.unpack_from(">II", header[1], 8)
    check_size(height, width, max_pixels)
    codes = decode_pixels(parts)
    bits = 8 * codes.dtype.itemsize
    lost = {part: name for name, part in parts if name in _METADATA + TEXT and not _parses(part)}
    side = _parsed(b"".join(part for name, part in parts if name in _METADATA and part not in lost))
    fields = _fields(part for name, part in parts if name in TEXT and part not in lost)
    words, (raw, unread) = dict(fields), raw_profiles(fields)
    damage = (
        f"{name.decode()} chunk is damaged or unpacks to more than 1 MB: left out"
        for name in dict.fromkeys(lost.values())
    )
    colour_notes = () if "icc" in raw else _colour_notes(parts, side.info)
    return Decoded(
        codes=codes,
        max_code=2**bits - 1,
        bits=bits,
        icc_profile=side.info.get("icc_profile") or raw.get("icc"),
        exif=side.info.get("exif") or raw.get("exif") or _latin(words.get("exif", "")),
        xmp=words[_XMP].encode() if _XMP in words else raw.get("xmp"),
        iptc=from_resources(raw.get("iptc", b"")),
        dpi=side.info.get("dpi"),
        text=_kept(fields),
        notes=(*_animation_notes(parts), *wrong, *damage, *unread, *colour_notes),
    )


def encode_png(picture: Picture, software: str | None) -> bytes:
    """The bytes of a PNG file in the picture's own depth and layout."""
    exif = picture.exif and stamped(picture.exif, software)
    header, *pixels = encode_pixels(to_array(picture))
    info = PngImagePlugin.PngInfo()
    for key, value in (*picture.text, *([("Software", software)] if software else [])):
        info.add_text(key, value)
    if picture.iptc is not None:
        info.add_text(f"{KEY}iptc", to_lines("iptc", to_resources(picture.iptc)), zip=True)
    if picture.xmp is not None:
        info.add_itxt(_XMP, picture.xmp.decode("utf-8", "replace"))
    options = {"icc_profile": picture.icc_profile, "exif": exif, "dpi": picture.dpi}
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(
        file, "PNG", pnginfo=info, **{key: value for key, value in options.items() if value}
    )
    side = [part for name, part in chunks(file.getvalue()) if name not in PIXELS]
    return b"".join([MAGIC, header, *side, *pixels, chunk(b"IEND", b"")])


def _parses(part: bytes) -> bool:
    """Whether Pillow gets something out of a chunk; it unpacks at most 1 MB."""
    try:
        info = _parsed(part).info
    except (ValueError, SyntaxError, IndexError):
        return False
    return bool(info) and None not in info.values()  # None: a profile that cannot be unpacked


def _parsed(parts: bytes) -> PngImagePlugin.PngImageFile:
    """A gray picture of one pixel that carries the given chunks, parsed by Pillow."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(bytes(2))) + chunk(b"IEND", b"")
    image = PngImagePlugin.PngImageFile(io.BytesIO(MAGIC + header + parts + pixel))
    image.load()
    return image


def _fields(parts: Iterable[bytes]) -> tuple[tuple[str, str], ...]:
    """Keyword and value of each text chunk; a keyword may stand there more than once.

    Raises:
        PictureError: compressed text that unpacks to more than anyone wrote.
    """
    fields, length = [], 0
    for part in parts:
        for key, value in _parsed(part).text.items():
            fields.append((key, str(value)))
            length += len(value)
        if length > _MOST_TEXT:
            raise PictureError(f"text of a PNG must be at most {_MOST_TEXT} characters, got more")
    return tuple(fields)


def _kept(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The text fields to carry over: not our own, not copies of metadata that will be untrue."""
    return tuple(
        (key, value)
        for key, value in fields
        if key not in ("Software", _XMP) and not key.startswith(KEY)
    )


def _latin(text: str) -> bytes:
    """A text as the bytes that a PNG file has for it."""
    return text.encode("latin-1", "replace")


def _animation_notes(parts: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """Whether there are frames that are not used."""
    frames = [part for name, part in parts if name == b"acTL" and len(part) == 20]
    count = struct.unpack_from(">I", frames[0], 8)[0] if frames else 1
    return (f"animation: only frame 1 of {count} is used",) if count > 1 else ()


def _colour_notes(parts: list[tuple[bytes, bytes]], info: dict[Any, Any]) -> tuple[str, ...]:
    """What of the file's colour space is not applied; cICP stands above sRGB, cHRM and gAMA."""
    if info.get("icc_profile"):
        return ()
    for name, part in parts:
        if name == b"cICP" and len(part) == 16:
            return cicp_notes(part[8], part[9])
    if "srgb" in info:
        return ()
    notes, gamma = [], info.get("gamma", 1 / 2.2)
    if abs(gamma - 1 / 2.2) > 0.05:
        notes.append(f"gamma of {gamma:.3g} is not applied: pixels are taken as sRGB")
    if np.abs(np.subtract(info.get("chromaticity", _SRGB), _SRGB)).max() > 0.02:
        notes.append("colours of other primaries (cHRM) are taken as sRGB")
    return tuple(notes)
