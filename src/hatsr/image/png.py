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

import imagecodecs
import numpy as np
from jaxtyping import UInt
from PIL import Image, PngImagePlugin

from hatsr.image.decoded import Decoded, check_size
from hatsr.image.errors import PictureError
from hatsr.image.picture import Picture, to_array

MAGIC = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
METADATA = (b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"sRGB", b"tEXt", b"zTXt", b"iTXt")
XMP = "XML:com.adobe.xmp"
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
    side = _metadata(b"".join(chunk for name, chunk in parts if name in METADATA))
    return Decoded(
        codes=codes.reshape(height, width, -1),
        top=2**bits - 1,
        bits=bits,
        icc_profile=side.info.get("icc_profile"),
        exif=side.info.get("exif"),
        xmp=side.text[XMP].encode() if XMP in side.text else None,
        dpi=side.info.get("dpi"),
        text=_text(side),
        notes=_notes(parts, side),
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


def _metadata(parts: bytes) -> PngImagePlugin.PngImageFile:
    """A gray picture of one pixel that carries the given chunks, parsed by Pillow."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(bytes(2))) + chunk(b"IEND", b"")
    image = PngImagePlugin.PngImageFile(io.BytesIO(MAGIC + header + parts + pixel))
    image.load()
    return image


def _text(side: PngImagePlugin.PngImageFile) -> tuple[tuple[str, str], ...]:
    """The text fields to carry over: not our own, not copies of metadata that will be untrue."""
    return tuple(
        (key, str(value))
        for key, value in side.text.items()
        if key not in ("Software", XMP) and not key.startswith("Raw profile type")
    )


def _notes(parts: list[tuple[bytes, bytes]], side: PngImagePlugin.PngImageFile) -> tuple[str, ...]:
    """What is not used of the file."""
    notes = []
    frames = [part for name, part in parts if name == b"acTL" and len(part) == 20]
    if frames and (count := struct.unpack_from(">I", frames[0], 8)[0]) > 1:
        notes.append(f"animation: only frame 1 of {count} is used")
    gamma = side.info.get("gamma", 1 / 2.2)
    if abs(gamma - 1 / 2.2) > 0.05 and not {"icc_profile", "srgb"} & side.info.keys():
        notes.append(f"gamma of {gamma:.3g} is not applied: pixels are taken as sRGB")
    return tuple(notes)
