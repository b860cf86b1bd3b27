"""XMP packets, changed only where the pixels changed."""

import re
from fractions import Fraction

_EXTRA_PICTURES = (b"Container:Directory", b"hdrgm:", b"GCamera:", b"GDepth:", b"GImage:")
"""Marks of a packet that describes further pictures in the file, which no enlargement keeps."""
_RESOLUTIONS = (
    (b"tiff:XResolution", b"tiff:YResolution"),
    (b"exif:FocalPlaneXResolution", b"exif:FocalPlaneYResolution"),
)
"""Properties across and down."""


def orientation(packet: bytes) -> int:
    """How the stored pixels are to be turned, 1 to 8; 0 when the packet does not say."""
    found = re.search(rb"tiff:Orientation(?:=[\"']|>)([1-8])", packet)
    return int(found[1]) if found else 0


def upright(packet: bytes, height: int, width: int, *, exchanged: bool = False) -> bytes:
    """The packet of a picture whose pixels have been turned: orientation 1.

    Args:
        packet: The packet of the picture as stored.
        height: Height of the picture as displayed, in pixels.
        width: Its width.
        exchanged: Whether rows have become columns; the resolutions across and down then change
            places.
    """
    turned = re.sub(rb"(tiff:Orientation(?:=[\"']|>))[1-8]", rb"\g<1>1", packet)
    for across, down in _RESOLUTIONS if exchanged else ():
        old = [_value(turned, name) for name in (across, down)]
        if all(old):
            turned = _replaced(_replaced(turned, across, old[1]), down, old[0])
    return resized(turned, height, width)


def resized(packet: bytes, height: int, width: int, scale: int | float = 1) -> bytes:
    """The packet with the picture's size in pixels, and ``scale`` times its resolution.

    Only where it has them already.
    """
    sizes = {
        b"tiff:ImageWidth": width,
        b"exif:PixelXDimension": width,
        b"tiff:ImageLength": height,
        b"exif:PixelYDimension": height,
    }
    for name, size in sizes.items():
        packet = _replaced(packet, name, b"%d" % size)
    for name in (name for pair in _RESOLUTIONS for name in pair):
        old = _value(packet, name)
        if old and scale != 1:
            new = Fraction(old.decode()) * Fraction(scale).limit_denominator(1000)
            packet = _replaced(packet, name, b"%d/%d" % new.as_integer_ratio())
    return packet


def of_one_picture(packet: bytes) -> bool:
    """Whether the packet describes this picture alone, not of gain or depth maps beside it."""
    return not any(mark in packet for mark in _EXTRA_PICTURES)


def _pattern(name: bytes) -> bytes:
    """A property with a number or a fraction, as an attribute or an element."""
    return rb"(" + name + rb"(?:=[\"']|>))(\d+(?:/[1-9]\d*)?)(?=[\"'<])"


def _value(packet: bytes, name: bytes) -> bytes:
    """A property's value; empty when the packet does not have it."""
    found = re.search(_pattern(name), packet)
    return found[2] if found else b""


def _replaced(packet: bytes, name: bytes, value: bytes) -> bytes:
    """The packet with another value of a property, where it has it."""
    return re.sub(_pattern(name), lambda found: found[1] + value, packet)
