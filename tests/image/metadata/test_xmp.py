"""XMP packets."""

import pytest

from hatsr.image.metadata import xmp


def test_xmp() -> None:
    packet = (
        b'<rdf:Description tiff:Orientation="6" exif:PixelXDimension="20">'
        b"<tiff:ImageLength>10</tiff:ImageLength></rdf:Description>"
    )
    assert xmp.orientation(packet) == 6
    assert xmp.orientation(b"<x/>") == 0
    assert xmp.upright(packet, 40, 80) == (
        b'<rdf:Description tiff:Orientation="1" exif:PixelXDimension="80">'
        b"<tiff:ImageLength>40</tiff:ImageLength></rdf:Description>"
    )
    assert xmp.of_one_picture(packet)


@pytest.mark.parametrize(
    "packet",
    [
        '<a tiff:XResolution="%s" tiff:YResolution="%s"/>',
        "<tiff:XResolution>%s</tiff:XResolution><tiff:YResolution>%s</tiff:YResolution>",
        "<a exif:FocalPlaneXResolution='%s' exif:FocalPlaneYResolution='%s'/>",
    ],
)
def test_resolutions_of_xmp(packet: str) -> None:
    stored = (packet % ("3000000/10000", "150")).encode()
    assert xmp.upright(stored, 9, 9) == stored
    turned = (packet % ("150", "3000000/10000")).encode()
    assert xmp.upright(stored, 9, 9, exchanged=True) == turned
    assert xmp.resized(turned, 9, 9, 1.5) == (packet % ("225/1", "450/1")).encode()
    assert xmp.resized(b"<a tiff:XResolution='x/0'/>", 9, 9, 2) == b"<a tiff:XResolution='x/0'/>"


def test_xmp_of_further_pictures() -> None:
    assert not xmp.of_one_picture(b"<Container:Directory>")
