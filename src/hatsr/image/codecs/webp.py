"""WebP through Pillow; a file without loss stays one."""

import struct
from dataclasses import replace

from PIL import WebPImagePlugin

from hatsr.image.bitstreams.webp_quality import vp8_quality
from hatsr.image.codecs.decoded import Decoded
from hatsr.image.codecs.pillow import decode_frame, metadata_options, open_header, save
from hatsr.image.errors import PictureError
from hatsr.image.metadata.exif import stamped
from hatsr.image.picture import Compression, Picture, to_array


def read_webp(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of the first frame of a WebP file."""
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise PictureError("WebP is cut short; get the whole file again")
    decoded = decode_frame(open_header(WebPImagePlugin.WebPImageFile, data, max_pixels))
    name, content = _first_picture(data)
    quality = vp8_quality(content) if name == b"VP8 " else None
    return replace(
        decoded,
        lossless=name == b"VP8L",
        compression=None if quality is None else Compression("WebP", max(1, quality)),
    )


def encode_webp(picture: Picture, software: str | None, quality: int | None) -> bytes:
    """The bytes of a WebP file, without loss where the quality is None."""
    pixels = {"lossless": True, "exact": True} if quality is None else {"quality": quality}
    exif = stamped(picture.exif, software, picture.dpi)
    return save(to_array(picture, 8), "webp", pixels | metadata_options(picture, exif))


def _first_picture(webp: bytes) -> tuple[bytes, bytes]:
    """Name and content of the RIFF chunk that holds the first picture's colour."""
    at = 12
    while at + 8 <= len(webp):
        name, size = struct.unpack_from("<4sI", webp, at)
        if name in (b"VP8 ", b"VP8L"):
            return name, webp[at + 8 : at + 8 + size]
        at += 24 if name == b"ANMF" else 8 + size + size % 2  # a frame has chunks of its own
    return b"", b""
