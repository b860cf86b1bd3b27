"""Pillow image <-> picture, and files by Pillow's readers and writers."""

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile

from hatsr.image.codecs.decoded import Decoded, check_size, to_picture
from hatsr.image.codecs.pillow_codes import stored_codes, to_srgb
from hatsr.image.errors import PictureError, naming_errors
from hatsr.image.metadata.iptc import RESOURCE
from hatsr.image.picture import COMMENT, Picture, to_array

EXIF_HEADER = b"Exif\0\0"
"""What precedes an EXIF block in most files."""


def from_pil(image: Image.Image) -> Picture:
    """Picture from a Pillow image of any mode, its EXIF orientation applied.

    Modes ``I`` must hold 0 ... 65535 (16-bit codes) and ``F`` values in [0, 1].

    Raises:
        PictureError: a mode that has no colour meaning, values out of these ranges, or a damaged
            file behind the image.
    """
    with naming_errors("Pillow image"):
        return to_picture(decode_frame(image))


def to_pil(picture: Picture) -> Image.Image:
    """A Pillow image of mode L, LA, RGB or RGBA with the picture's metadata in ``info``.

    16-bit gray becomes ``I;16``; Pillow has no 16-bit colour or alpha, which are rounded to 8.
    """
    deep = picture.bits == 16 and picture.gray and picture.alpha is None
    image = Image.fromarray(to_array(picture, 16 if deep else 8))
    info = {
        "icc_profile": picture.icc_profile,
        "exif": picture.exif and EXIF_HEADER + picture.exif,
        "xmp": picture.xmp,
        "dpi": picture.dpi,
    }
    image.info.update({key: value for key, value in info.items() if value is not None})
    return image


def open_header(
    kind: type[ImageFile.ImageFile], data: bytes, max_pixels: int
) -> ImageFile.ImageFile:
    """A file's header parsed by one of Pillow's readers, its size checked, no pixel decoded.

    ``Image.open`` would apply Pillow's own limit instead, which is a global of that package.

    Raises:
        PictureError: the picture is too large.
    """
    try:
        image = kind(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"WebP and GIF pictures must have at most 178 megapixels ({error}); convert it to PNG"
        ) from error
    check_size(image.height, image.width, max_pixels)
    return image


def read_gif(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of the first frame of a GIF file."""
    return decode_frame(open_header(GifImagePlugin.GifImageFile, data, max_pixels))


def read_bmp(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of a BMP file."""
    return decode(open_header(BmpImagePlugin.BmpImageFile, data, max_pixels))


def save(codes: UInt8[np.ndarray, "h w *c"], kind: str, options: Mapping[str, object]) -> bytes:
    """The bytes of a file as Pillow writes it, with those of the options that are not None."""
    file = io.BytesIO()
    given = {key: value for key, value in options.items() if value is not None}
    with Image.fromarray(codes) as image:
        image.save(file, kind, **given)
    return file.getvalue()


def metadata_options(picture: Picture, exif: bytes | None) -> dict[str, bytes | None]:
    """Pillow's options for the metadata that JPEG, WebP and AVIF files have in common."""
    return {
        "icc_profile": picture.icc_profile,
        "exif": exif and EXIF_HEADER + exif,
        "xmp": picture.xmp,
    }


def decode_frame(image: Image.Image) -> Decoded:
    """As :func:`decode`, with a note when the image is one frame of an animation."""
    frames = getattr(image, "n_frames", 1)
    note = f"animation: only frame {image.tell() + 1} of {frames} is used"
    decoded = decode(image)
    return replace(decoded, notes=(note, *decoded.notes)) if frames > 1 else decoded


def decode(image: Image.Image) -> Decoded:
    """The codes and metadata of a Pillow image, not turned yet."""
    profile, notes = image.info.get("icc_profile"), ()
    if image.mode in ("CMYK", "LAB"):
        codes, note = to_srgb(image, profile)
        profile, notes, top = None, (note,), 255
    else:
        codes, top = stored_codes(image)
    return Decoded(
        codes=codes,
        top=top,
        bits=8 if top <= 255 and codes.dtype.kind == "u" else 16,
        icc_profile=profile,
        exif=image.info.get("exif"),
        xmp=_xmp(image),
        iptc=_iptc(image),
        dpi=_dpi(image),
        text=_comments(image),
        notes=notes,
    )


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """Pixels per inch across and down; None for the 72 that Pillow invents for some JPEG files."""
    dpi = image.info.get("dpi")
    if dpi is None or (image.format == "JPEG" and image.info.get("jfif_unit") not in (1, 2)):
        return None
    return float(dpi[0]), float(dpi[1])


def _xmp(image: Image.Image) -> bytes | None:
    """The XMP packet."""
    packet = image.info.get("xmp")
    return packet.encode() if isinstance(packet, str) else packet


def _iptc(image: Image.Image) -> bytes | None:
    """The IPTC records of a JPEG file."""
    resources = image.info.get("photoshop")
    records = resources.get(RESOURCE) if isinstance(resources, dict) else None
    return records if isinstance(records, bytes) else None


def _comments(image: Image.Image) -> tuple[tuple[str, str], ...]:
    """The comments of a JPEG or GIF file as text fields."""
    segments = [content for name, content in getattr(image, "applist", ()) if name == "COM"]
    found = segments or [image.info.get("comment")]
    texts = (_decoded(each).strip("\0") for each in found if isinstance(each, bytes | str))
    return tuple((COMMENT, text) for text in texts if text)


def _decoded(comment: bytes | str) -> str:
    """A comment as text: UTF-8 if it can be, else Latin-1, in which anything can."""
    if isinstance(comment, str):
        return comment
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")
