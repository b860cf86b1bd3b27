"""Which program made a picture: the field Software of a file's header."""

from pathlib import Path

from PIL import AvifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from hatsr.image.bitstreams.png_chunks import MAGIC, begins_without_text
from hatsr.image.metadata.exif import SOFTWARE
from hatsr.image.reading import quiet

_HEAD = 4096
"""Bytes at the beginning: a format is known by the first 12, most headers end before the last."""


def read_software(path: Path) -> str | None:
    """What `write` was given as ``software``, or what another program wrote there.

    Only headers are read, no pixels are decoded, and any size will do.

    Returns:
        None where there is no such field, or no picture that has one.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(MAGIC) and begins_without_text(head):
            return None
        with quiet():
            found = _of_tiff(path) if head[:2] in (b"II", b"MM") else _of_others(path, head)
    except Exception:  # whatever a codec raises on a damaged header
        return None
    return found if isinstance(found, str) else None


def _of_tiff(path: Path) -> object:
    import tifffile  # long to import: for TIFF alone

    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags.get(SOFTWARE)
        return None if tag is None else tag.value


def _of_others(path: Path, head: bytes) -> object:
    """By Pillow's reader of the format; ``Image.open`` would refuse large pictures."""
    kind = _kind(head)
    if kind is None:
        return None
    with kind(path) as image:
        text = image.info.get("Software")
        if text is None and kind is not PngImagePlugin.PngImageFile:  # whose EXIF means decoding
            text = image.getexif().get(SOFTWARE)
        return text


def _kind(head: bytes) -> type[ImageFile.ImageFile] | None:
    if head.startswith(MAGIC):
        return PngImagePlugin.PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if head[4:8] == b"ftyp":
        return AvifImagePlugin.AvifImageFile
    return None
