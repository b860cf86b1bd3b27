"""EXIF blocks."""

import io
import struct

import pytest
from PIL import ExifTags, Image

from hatsr.image.metadata import exif
from hatsr.image.metadata.tiff_directory import Value, pack

Base = ExifTags.Base


def camera_block(order: str = "<", thumbnail: bytes = b"") -> bytes:
    """A block as a camera writes it, by hand: IFD0, Exif IFD with a maker note, thumbnail."""
    short = lambda n: Value(3, 1, struct.pack(f"{order}H", n))  # noqa: E731
    long = lambda n: Value(4, 1, struct.pack(f"{order}I", n))  # noqa: E731
    block = (b"II*\0" if order == "<" else b"MM\0*") + bytes(4)
    note = Value(7, 12, b"maker\0note!\0")
    detail = {0x927C: note, 0xA002: short(640), 0xA003: short(480)}
    at = len(block)
    block += pack(detail, order, at)
    rational = Value(5, 1, struct.pack(f"{order}II", 72, 1))
    first = {
        0x10F: Value(2, 8, b"Company\0"),
        0x112: short(6),
        0x11A: rational,
        0x11B: rational,
        0x128: short(2),
        0x8769: long(at),
    }
    at = len(block)
    block = block[:4] + struct.pack(f"{order}I", at) + block[8:] + pack(first, order, at)
    if thumbnail:
        link = at + 2 + 12 * len(first)
        second = len(block)
        start = second + 2 + 12 * 2 + 4
        block = block[:link] + struct.pack(f"{order}I", second) + block[link + 4 :]
        block += pack({0x201: long(start), 0x202: long(len(thumbnail))}, order, second) + thumbnail
    return block


def pillow(block: bytes | None) -> Image.Exif:
    found = Image.Exif()
    found.load(b"Exif\0\0" + (block or b""))
    return found


@pytest.mark.parametrize("order", ["<", ">"])
def test_upright_changes_only_what_it_must(order: str) -> None:
    block = camera_block(order)
    assert exif.orientation(block) == 6
    upright = exif.upright(block, 640, 480)
    assert len(upright) == len(block)
    found = pillow(upright)
    assert found[Base.Orientation] == 1
    assert found[Base.Make] == "Company"
    detail = found.get_ifd(ExifTags.IFD.Exif)
    assert (detail[Base.ExifImageHeight], detail[Base.ExifImageWidth]) == (640, 480)
    assert detail[Base.MakerNote] == b"maker\0note!\0"
    assert upright.index(b"maker") == block.index(b"maker")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tail", [b"", b"something else"])
def test_thumbnail_is_dropped(order: str, tail: bytes) -> None:
    block = camera_block(order, b"\xff\xd8tiny\xff\xd9") + tail
    assert pillow(block).get_ifd(ExifTags.IFD.IFD1)
    upright = exif.upright(block, 640, 480)
    assert not pillow(upright).get_ifd(ExifTags.IFD.IFD1)
    assert b"tiny" not in upright
    assert upright.endswith(tail)
    assert exif.usable(upright)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sizes_and_resolution_follow(order: str) -> None:
    found = pillow(exif.resized(camera_block(order), 480 * 4, 100_000, 4))
    detail = found.get_ifd(ExifTags.IFD.Exif)
    assert (detail[Base.ExifImageHeight], detail[Base.ExifImageWidth]) == (1920, 100_000)
    assert (found[Base.XResolution], found[Base.YResolution]) == (288, 288)
    assert exif.resolution(camera_block(order)) == (72, 72)


@pytest.mark.parametrize("order", ["<", ">"])
def test_stamp(order: str) -> None:
    stamped = exif.stamped(exif.stamped(camera_block(order), "first"), "hatsr 0.1, Zürich, x4")
    found = pillow(stamped)
    assert found[Base.Software].encode("latin-1").decode() == "hatsr 0.1, Zürich, x4"
    assert found[Base.Make] == "Company"
    assert Base.Orientation not in found
    assert found.get_ifd(ExifTags.IFD.Exif)[Base.MakerNote] == b"maker\0note!\0"
    assert pillow(exif.stamped(None, "hatsr"))[Base.Software] == "hatsr"
    assert exif.stamped(None, None) is None


def test_what_pillow_writes_is_read() -> None:
    source = Image.Exif()
    source[Base.Orientation] = 8
    source[Base.Artist] = "Ansel Adams"
    source.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    block = source.tobytes().removeprefix(b"Exif\0\0")
    assert exif.usable(block)
    assert exif.orientation(block) == 8
    assert pillow(exif.upright(block, 1, 1)).get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"


def test_tiff_is_packed() -> None:
    file = io.BytesIO()
    Image.new("RGB", (90, 90)).save(file, "TIFF", exif=b"Exif\0\0" + camera_block())
    block = exif.packed(file.getvalue())
    assert block is not None
    assert len(block) < 400
    found = pillow(block)
    assert found[Base.Make] == "Company"
    assert found.get_ifd(ExifTags.IFD.Exif)[Base.MakerNote] == b"maker\0note!\0"
    assert 273 not in found


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0\0\0",
        b"II*\0\xff\xff\0\0",
        b"II*\0\x08\0\0\0\xff\xff",
        camera_block()[:40],
        # thirty values, each the whole block
        b"II*\0\x08\0\0\0\x1e\0" + b"".join(struct.pack("<HHII", t, 7, 300, 0) for t in range(30)),
    ],
)
def test_damage_is_seen(block: bytes) -> None:
    assert not exif.usable(block)


def resolutions(order: str, *, sensor: bool) -> bytes:
    """A block of 300 pixels per inch across and 150 down, in the picture or on the sensor."""
    across, down = (0xA20E, 0xA20F) if sensor else (0x11A, 0x11B)
    ratio = lambda n: Value(5, 1, struct.pack(f"{order}II", n, 1))  # noqa: E731
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entries = {across: ratio(300), down: ratio(150)}
    if sensor:
        inner = pack(entries, order, 26)
        return block + pack({0x8769: Value(4, 1, struct.pack(f"{order}I", 26))}, order, 8) + inner
    return block + pack(entries, order, 8)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("exchanged", "expected"), [(False, (300, 150)), (True, (150, 300))])
def test_resolutions_change_places_with_rows_and_columns(
    order: str, exchanged: bool, expected: tuple[int, int]
) -> None:
    upright = exif.upright(resolutions(order, sensor=False), 9, 9, exchanged=exchanged)
    assert exif.resolution(upright) == expected
    upright = exif.upright(resolutions(order, sensor=True), 9, 9, exchanged=exchanged)
    found = pillow(upright).get_ifd(ExifTags.IFD.Exif)
    assert (found[0xA20E], found[0xA20F]) == expected
    found = pillow(exif.resized(upright, 18, 18, 2)).get_ifd(ExifTags.IFD.Exif)
    assert (found[0xA20E], found[0xA20F]) == (2 * expected[0], 2 * expected[1])


def test_a_resolution_of_another_type_stays_as_it_is() -> None:
    short = {tag: Value(3, 1, struct.pack("<H", tag & 255)) for tag in (0x11A, 0x11B)}
    block = b"II*\0\x08\0\0\0" + pack(short, "<", 8)
    assert exif.upright(block, 9, 9, exchanged=True) == block
