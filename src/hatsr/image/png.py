"""PNG: pixels of every depth through libpng, metadata through Pillow.

Pillow reads 16-bit colour with 8 bits, and half a picture without complaint; libpng does neither.
So the chunks are parted: those of the pixels go to libpng, and the others go to Pillow around a
picture of one pixel. Writing joins them the same way.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
from jaxtyping import UInt
from PIL import Image, PngImagePlugin

from hatsr.image.cicp import cicp_notes
from hatsr.image.decoded import Decoded, check_size
from hatsr.image.errors import PictureError
from hatsr.image.picture import Picture, to_array

MAGIC = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
METADATA = (b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB")
TEXT = (b"tEXt", b"zTXt", b"iTXt")
XMP, RAW_EXIF = "XML:com.adobe.xmp", "Raw profile type exif"
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""x and y of sRGB's white, red, green and blue."""
LEVEL = 6
"""Compression level of zlib."""


def read_png(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of a PNG file; checks every checksum."""
    parts = list(chunks(data))
    header = next(iter(parts), (b"", b""))
    if header[0] != b"IHDR" or len(header[1]) != 25:
        raise PictureError("PNG must begin with its header chunk; the file is damaged")
    width, height = struct.unpack_from(">II", header[1], 8)
    check_size(height, width, max_pixels)
    pixels = b"".join(chunk for name, chunk in parts if name in PIXELS)
    codes = imagecodecs.png_decode(MAGIC + pixels)
    bits = 8 * codes.dtype.itemsize
    lost = {part: name for name, part in parts if name in METADATA + TEXT and not _parses(part)}
    side = _parsed(b"".join(part for name, part in parts if name in METADATA and part not in lost))
    words = _parsed(b"".join(part for name, part in parts if name in TEXT and part not in lost))
    damage = (
        f"{name.decode()} chunk is damaged or unpacks to more than 1 MB: left out"
        for name in dict.fromkeys(lost.values())
    )
    return Decoded(
        codes=codes.reshape(height, width, -1),
        top=2**bits - 1,
        bits=bits,
        icc_profile=side.info.get("icc_profile"),
        exif=side.info.get("exif") or _exif_of_text(words),
        xmp=words.text[XMP].encode() if XMP in words.text else None,
        dpi=side.info.get("dpi"),
        text=_text(words),
        notes=(*_animation_notes(parts), *damage, *_colour_notes(parts, side.info)),
    )


def encode_png(picture: Picture, exif: bytes | None, software: str | None) -> bytes:
    """The bytes of a PNG file in the picture's own depth and layout."""
    codes: UInt[np.ndarray, "h w *c"] = to_array(picture)
    pixels = list(chunks(imagecodecs.png_encode(codes, level=LEVEL)))
    info = PngImagePlugin.PngInfo()
    for key, value in (*picture.text, *([("Software", software)] if software else [])):
        info.add_text(key, value)
    if picture.xmp is not None:
        info.add_itxt(XMP, picture.xmp.decode("utf-8", "replace"))
    options = {"icc_profile": picture.icc_profile, "exif": exif, "dpi": picture.dpi}
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(
        file, "PNG", pnginfo=info, **{key: value for key, value in options.items() if value}
    )
    side = [chunk for name, chunk in chunks(file.getvalue()) if name not in PIXELS]
    return b"".join([MAGIC, pixels[0][1], *side, *(chunk for _, chunk in pixels[1:])])


def chunks(data: bytes | bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole bytes of each chunk, up to and with IEND.

    Raises:
        PictureError: cut short, or a checksum that does not fit.
    """
    at, name = len(MAGIC), b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise PictureError("PNG is cut short; get the whole file again")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise PictureError(f"PNG is cut short in chunk {name!r}; get the whole file again")
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise PictureError(f"checksum of PNG chunk {name!r} is wrong; get the file again")
        yield name, bytes(data[at:end])
        at = end


def chunk(name: bytes, content: bytes) -> bytes:
    """A whole chunk: length, name, content and checksum."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


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


def _exif_of_text(words: PngImagePlugin.PngImageFile) -> bytes | None:
    """EXIF from before PNG had a chunk for it: ImageMagick's lines (name, length, hexadecimal)."""
    if RAW_EXIF not in words.text:
        raw = words.info.get("exif")
        return raw if isinstance(raw, bytes) else None
    try:
        return bytes.fromhex("".join(words.text[RAW_EXIF].split("\n")[3:]))
    except ValueError:
        return b"damaged"


def _text(words: PngImagePlugin.PngImageFile) -> tuple[tuple[str, str], ...]:
    """The text fields to carry over: not our own, not copies of metadata that will be untrue."""
    return tuple(
        (key, str(value))
        for key, value in words.text.items()
        if key not in ("Software", XMP) and not key.startswith("Raw profile type")
    )


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
    if np.abs(np.subtract(info.get("chromaticity", SRGB), SRGB)).max() > 0.02:
        notes.append("colours of other primaries (cHRM) are taken as sRGB")
    return tuple(notes)
