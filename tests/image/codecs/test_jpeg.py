"""JPEG files: further pictures, comments, IPTC."""

import io
import struct

import numpy as np
import pytest
from picture_files import (
    NOISE,
    SMOOTH,
    encoded,
    iptc_record,
)
from PIL import Image

from hatsr import image

SMALL = [Image.new("L", (16, 8), 60 * index) for index in range(4)]


ENTRY = struct.Struct("<4I")


def multi(count: int) -> bytes:
    """A file of several pictures."""
    return encoded(SMALL[0], "MPO", save_all=True, append_images=SMALL[1:count])


def kinds(data: bytes, *kinds: int) -> bytes:
    """The file with other kinds of pictures in its index, the first entry aside."""
    at = data.index(b"MPF\0") + 4
    order = "<" if data[at : at + 2] == b"II" else ">"
    entry = data.index(struct.pack(f"{order}HH", 0xB002, 7), at)
    start = at + struct.unpack_from(f"{order}I", data, entry + 8)[0]
    changed = bytearray(data)
    for index, kind in enumerate(kinds, 1):
        struct.pack_into(f"{order}I", changed, start + 16 * index, kind)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (multi(2), ("only picture 1 of 2 is used",)),
        (multi(4), ("only picture 1 of 4 is used",)),
        (kinds(multi(3), 0x020002, 0x010001), ("only picture 1 of 2 is used",)),
        (kinds(multi(3), 0x010002, 0x010001), ()),
        (
            multi(2).replace(b"MPF\0MM", b"MPF\0XX").replace(b"MPF\0II", b"MPF\0XX"),
            ("index of further pictures is damaged: only the first is used",),
        ),
    ],
)
def test_further_pictures_are_named(data: bytes, notes: tuple[str, ...]) -> None:
    picture = image.read(data)
    assert picture.notes == notes
    np.testing.assert_array_equal(picture.rgb, np.zeros((8, 16, 3)))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Zürich".encode(), ("Zürich",)),
        ("Zürich".encode("latin-1"), ("Zürich",)),
        (b"a view\0", ("a view",)),
        (b"\0", ()),
    ],
)
def test_a_comment_is_a_text_field(content: bytes, text: tuple[str, ...]) -> None:
    picture = image.read(encoded(SMALL[1], "JPEG", comment=content))
    assert picture.text == tuple(("Comment", each) for each in text)


def test_all_comments_come_back() -> None:
    data = encoded(SMALL[1], "JPEG", comment=b"first")
    at = data.index(b"\xff\xfe")
    data = data[:at] + b"\xff\xfe\0\x08second" + data[at:]
    picture = image.read(data)
    assert picture.text == (("Comment", "second"), ("Comment", "first"))
    assert image.read(image.encode(picture, "jpeg")).text == picture.text


def test_iptc_comes_back() -> None:
    records = iptc_record(80, b"Ansel Adams") + iptc_record(120, b"a view")
    resources = struct.pack(">4sHBx", b"8BIM", 0x03ED, 0) + struct.pack(">I16x", 16)
    resources += struct.pack(">4sHB5sI", b"8BIM", 0x0404, 5, b"words", len(records)) + records
    segment = b"Photoshop 3.0\0" + resources
    extra = b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    picture = image.read(encoded(SMALL[1], "JPEG", extra=extra))
    assert picture.iptc == records
    assert image.read(image.encode(picture, "jpeg")).iptc == records


def test_no_resolution_is_invented() -> None:
    block = Image.Exif()
    block[0x13B] = "Ansel Adams"
    bare = encoded(Image.fromarray(SMOOTH), "JPEG", exif=block)
    assert image.read(bare).dpi is None


FLAT = NOISE


def test_opaque_alpha_fits_into_jpeg() -> None:
    array = FLAT.copy()
    array[..., 3] = 255
    data = image.encode(image.from_array(array), "jpeg", quality=100)
    assert np.abs(np.asarray(Image.open(io.BytesIO(data)), float) - array[..., :3]).mean() < 2
    grays = image.from_array(np.full((4, 4, 2), 255, np.uint8))
    assert Image.open(io.BytesIO(image.encode(grays, "jpeg"))).mode == "L"
