"""The chunks of which a PNG file consists (PNG specification, section 5)."""

import struct
import zlib
from collections.abc import Iterator

from hatsr.image.errors import PictureError

MAGIC = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Chunks on which pixels depend."""
ANIMATION = (b"acTL", b"fcTL", b"fdAT")
"""Chunks of animated PNG."""
TEXT = (b"tEXt", b"zTXt", b"iTXt")
_ANCILLARY = 0x20
"""Bit of a name's first letter, which makes it a small one: a reader may do without the chunk."""


def chunk(name: bytes, content: bytes) -> bytes:
    """A whole chunk: length, name, content and checksum."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def chunks(data: bytes | bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole bytes of each chunk, up to and with IEND; checksums are not looked at.

    Raises:
        PictureError: cut short.
    """
    at, name = len(MAGIC), b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise PictureError("PNG is cut short; get the whole file again")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise PictureError("PNG is cut short; get the whole file again")
        yield name, bytes(data[at:end])
        at = end


def begins_without_text(head: bytes) -> bool:
    """Whether the beginning of a file reaches to its pixels and no text comes before them."""
    at = len(MAGIC)
    while at + 8 <= len(head):
        length, name = struct.unpack_from(">I4s", head, at)
        if name == b"IDAT" or name in TEXT:
            return name == b"IDAT"
        at += 12 + length
    return False


def is_animated(data: bytes) -> bool:
    """Whether a chunk before the pixels says that there are frames."""
    at = len(MAGIC)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name in (b"acTL", b"IDAT"):
            return name == b"acTL"
        at += 12 + length
    return False


def size_of(head: bytes) -> tuple[int, int] | None:
    """Height and width that the beginning of a file tells; None: no PNG with a size."""
    if not head.startswith(MAGIC) or head[12:16] != b"IHDR" or len(head) < 24:
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return (height, width) if height and width else None


def sound_chunks(data: bytes) -> tuple[list[tuple[bytes, bytes]], tuple[str, ...]]:
    """The chunks with a right checksum, and notes that name the others.

    Raises:
        PictureError: cut short, or a wrong checksum where pixels depend on the chunk.
    """
    sound, wrong = [], {}
    for name, part in chunks(data):
        if zlib.crc32(part[4:-4]) == int.from_bytes(part[-4:], "big"):
            sound.append((name, part))
        elif name in PIXELS or not (name.isalpha() and name[0] & _ANCILLARY):
            told = name.decode("ascii", "backslashreplace")
            raise PictureError(f"checksum of PNG chunk {told} is wrong; get the file again")
        else:
            wrong[f"checksum of {name.decode()} chunk is wrong: left out"] = None
    return sound, tuple(wrong)
