"""XMP packets, changed only where the pixels changed."""

from __future__ import annotations

import re

EXTRA_PICTURES = (b"Container:Directory", b"hdrgm:", b"GCamera:", b"GDepth:", b"GImage:")
"""Marks of a packet that describes further pictures in the file, which no enlargement keeps."""


def orientation(packet: bytes) -> int:
    """How the stored pixels are to be turned, 1 to 8; 0 when the packet does not say."""
    found = re.search(rb"tiff:Orientation(?:=[\"']|>)([1-8])", packet)
    return int(found[1]) if found else 0


def upright(packet: bytes, height: int, width: int) -> bytes:
    """The packet of a picture whose pixels have been turned: orientation 1."""
    turned = re.sub(rb"(tiff:Orientation(?:=[\"']|>))[1-8]", rb"\g<1>1", packet)
    return resized(turned, height, width)


def resized(packet: bytes, height: int, width: int) -> bytes:
    """The packet with the picture's size in pixels, where it has it."""
    sizes = {
        rb"tiff:ImageWidth": width,
        rb"exif:PixelXDimension": width,
        rb"tiff:ImageLength": height,
        rb"exif:PixelYDimension": height,
    }
    for name, size in sizes.items():
        packet = re.sub(rb"(" + name + rb"(?:=[\"']|>))\d+", rb"\g<1>%d" % size, packet)
    return packet


def of_one_picture(packet: bytes) -> bool:
    """Whether the packet speaks of this picture alone, not of gain or depth maps beside it."""
    return not any(mark in packet for mark in EXTRA_PICTURES)
