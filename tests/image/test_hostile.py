"""Files that are cut, damaged or lie: an error that says so, never another one, never a picture."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from hatsr import image
from hatsr.image.codecs.png_chunks import MAGIC, chunk

RNG = np.random.default_rng(4)
SMOOTH = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (9, 12, 3)).astype(np.uint8)).resize((96, 72), 3)
)
DEEP = SMOOTH.astype(np.uint16) * 257


def encoded(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(SMOOTH).save(file, kind, **options)
    return file.getvalue()


def tiff(**options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, DEEP, photometric="rgb", metadata=None, **options)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


EXIF = Image.Exif()
EXIF[0x112], EXIF[0x13B] = 6, "Ansel Adams"
FILES = {
    "png": encoded("PNG", exif=EXIF, dpi=(72, 72)),
    "png16": image.encode(image.from_array(DEEP), "png"),
    "jpeg": encoded("JPEG", exif=EXIF, quality=90),
    "progressive": encoded("JPEG", progressive=True),
    "webp": encoded("WEBP", exif=EXIF),
    "avif": encoded("AVIF", exif=EXIF),
    "bmp": encoded("BMP"),
    "gif": encoded("GIF"),
    "ppm": encoded("PPM"),
    "tiff": encoded("TIFF", exif=EXIF),
    "tiff-lzw": encoded("TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encoded("TIFF", compression="jpeg"),
    "tiff16": tiff(compression="zlib", rowsperstrip=16),
    "tiff-tiles": tiff(compression="zlib", tile=(32, 32)),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.98])
def test_cut_files_are_refused(name: str, share: float) -> None:
    with pytest.raises(image.PictureError, match=r"get (it|the (whole )?file)|save it"):
        image.read(FILES[name][: int(len(FILES[name]) * share)])


@pytest.mark.parametrize("name", ["jpeg", "progressive"])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 0.97])
def test_a_cut_jpeg_with_an_end_mark_is_refused(name: str, share: float) -> None:
    data = FILES[name]
    start = data.index(b"\xff\xda")
    cut = data[: start + int((len(data) - start) * share)] + b"\xff\xd9"
    with pytest.raises(image.PictureError, match="cut short"):
        image.read(cut)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("tail", [b"", b"\0" * 50, b"\xff\xd8 more \xff\xd9"])
def test_a_whole_gray_jpeg_is_read(mode: str, options: dict[str, bool], tail: bytes) -> None:
    file = io.BytesIO()
    Image.new("L", (70, 50), 128).convert(mode).save(file, "JPEG", **options)
    assert image.read(file.getvalue() + tail).width == 70


@pytest.mark.parametrize("name", FILES)
def test_damage_raises_nothing_else(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, read = FILES[name], 0
    random = np.random.default_rng(len(data))
    for turn in range(60):
        damaged = bytearray(data)
        reach = len(data) if turn % 2 else min(len(data), 200)
        for at in random.integers(0, reach, random.integers(1, 6)):
            damaged[at] = random.choice([0, 1, 127, 128, 255, 3, 66])
        if turn % 5 == 0:
            del damaged[int(random.integers(1, len(data))) :]
        try:
            picture = image.read(bytes(damaged), max_pixels=10**6)
        except image.PictureError:
            continue
        read += 1
        assert picture.rgb.min() >= 0
        assert picture.rgb.max() <= 1
    capfd.readouterr()  # codecs in C write to stderr
    assert read < 60


def png(*chunks: bytes, size: tuple[int, int] = (4, 4), rows: int = 4) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes((size[0] + 1) * rows)))
    return b"".join([MAGIC, header, *chunks, pixels, chunk(b"IEND", b"")])


BOMB = zlib.compress(bytes(200_000_000), 9)
LATE = bytearray(png())
LATE[-20] ^= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            png(size=(60_000, 60_000), rows=1),
            r"got 60000 x 60000 = 3600.0; .* with --max-pixels 3600000000 "
            r"\(max_pixels=3600000000 in Python\)",
        ),
        (png(size=(0, 4)), "at least 1 x 1, got 4 x 0"),
        (png(rows=2), "Not enough image data"),
        (png()[:-12], "cut short"),
        (bytes(LATE), "checksum of PNG chunk b'IDAT' is wrong"),
        (MAGIC + chunk(b"IEND", b""), "begin with its header"),
        (b"P6 9 9 70000 " + bytes(999), "maximum of PGM or PPM must be 1 to 65535"),
        (b"P6 9 9", "header is damaged"),
        (b"P5 2 1 9 \1\x0a", "at most 9, got 10"),
        (b"P5 99999 99999 9 \1\x0a", "megapixels"),
        (b"BM" + bytes(60), "whole, undamaged picture"),
    ],
)
def test_lies(data: bytes, words: str) -> None:
    with pytest.raises(image.PictureError, match=f"picture in memory: .*({words})"):
        image.read(data)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("iCCP", b"x\0\0" + BOMB),
        ("iCCP", b"x\0\0not compressed"),
        ("iCCP", b"x\0\1" + zlib.compress(b"profile")),
        ("zTXt", b"x\0\0" + BOMB),
        ("iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        ("iTXt", b"x\0\1\0\0\0not compressed"),
        ("pHYs", b"\0"),
    ],
)
def test_a_png_without_its_bad_chunk(name: str, content: bytes) -> None:
    kept = chunk(b"tEXt", b"Comment\0a view")
    picture = image.read(png(chunk(name.encode(), content), kept))
    assert picture.notes == (f"{name} chunk is damaged or unpacks to more than 1 MB: left out",)
    assert picture.text == (("Comment", "a view"),)
    assert (picture.icc_profile, picture.xmp, picture.dpi) == (None, None, None)


def test_text_is_not_taken_for_metadata() -> None:
    picture = image.read(png(*(chunk(b"tEXt", b"%b\0a" % key) for key in (b"dpi", b"gamma"))))
    assert picture.text == (("dpi", "a"), ("gamma", "a"))
    assert (picture.dpi, picture.notes) == (None, ())


def test_a_lack_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("hatsr.image.reading.to_picture", fail)
    with pytest.raises(MemoryError):
        image.read(png())


def test_a_jpeg_that_claims_more_rows() -> None:
    data = bytearray(FILES["jpeg"])
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = (300).to_bytes(2, "big")
    with pytest.raises(image.PictureError, match="cut short"):
        image.read(bytes(data))


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        ("ImageLength", 60_000, "whole, undamaged|cut short|megapixels"),
        ("StripByteCounts", 0, "cut short"),
        ("StripByteCounts", 2**31, "cut short"),
        ("StripOffsets", 2**31, "cut short"),
        ("NewSubfileType", 1, "camera's raw picture"),
    ],
)
def test_tiff_lies(tag: str, value: int, words: str) -> None:
    data = bytearray(tiff(subfiletype=2))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        assert isinstance(page, tifffile.TiffPage)
        at = page.tags[tag].valueoffset
        code = {2: "<H", 4: "<I", 1: "<B"}[page.tags[tag].valuebytecount]
    struct.pack_into(
        "<I" if code == "<I" else code, data, at, value % 2 ** (8 * struct.calcsize(code))
    )
    with pytest.raises(image.PictureError, match=words):
        image.read(bytes(data))
