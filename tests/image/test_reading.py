"""Files of every kind -> picture."""

import io
import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from picture_files import (
    NOISE,
    PNG_MAGIC,
    SMALL,
    SMOOTH,
    SRGB,
    chunk,
    codes_of,
    encoded,
    tiff,
)
from PIL import Image, PngImagePlugin

from hatsr import image
from hatsr.image import reading
from hatsr.image.codecs.decoded import Decoded, to_picture

LOSSLESS = {
    "PNG": ("L", "RGB", "RGBA", "LA", "1"),
    "TIFF": ("L", "RGB", "RGBA", "LA", "1"),
    "WEBP": ("L", "RGB", "RGBA", "LA", "1"),
    "BMP": ("L", "RGB", "1"),
    "PPM": ("L", "RGB"),
}


@pytest.mark.parametrize(
    ("kind", "mode"), [(kind, mode) for kind, modes in LOSSLESS.items() for mode in modes]
)
def test_lossless_formats(kind: str, mode: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    source = Image.fromarray(NOISE).convert(mode)
    picture = image.read(encoded(source, kind, **options))
    read = image.to_pil(picture)
    assert picture.bits == 8
    if kind == "WEBP":  # which has no gray
        assert not picture.gray
        read = read.convert(mode)
    elif mode == "1":
        assert picture.gray
        read = read.convert("1")
    else:
        assert read.mode == mode
    np.testing.assert_array_equal(np.asarray(read.convert(mode)), np.asarray(source))


@pytest.mark.parametrize(("kind", "close"), [("JPEG", 3), ("AVIF", 6), ("WEBP", 6)])
@pytest.mark.parametrize("gray", [False, True])
def test_lossy_formats(kind: str, close: float, gray: bool) -> None:
    source = Image.fromarray(SMOOTH).convert("L" if gray else "RGB")
    picture = image.read(encoded(source, kind, quality=97))
    assert picture.gray == (gray and kind != "WEBP")
    read = np.asarray(image.to_pil(picture).convert(source.mode), float)
    assert np.abs(read - np.asarray(source)).mean() < close


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_metadata_is_read(kind: str) -> None:
    block = Image.Exif()
    block[0x13B] = "Ansel Adams"
    block[0x11A] = block[0x11B] = 300.0
    block[0x128] = 2
    options: dict[str, object] = {"icc_profile": SRGB, "exif": block, "dpi": (300, 300)}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", "a view")
        info.add_itxt("Title", "Zürich 東京")
        info.add_text("Software", "another program")
        options["pnginfo"] = info
    picture = image.read(encoded(Image.fromarray(SMOOTH), kind, **options))
    assert picture.icc_profile == SRGB
    assert picture.dpi == pytest.approx((300, 300), abs=0.02)
    assert picture.notes == ()
    assert b"Ansel Adams\0" in (picture.exif or b"")
    if kind == "PNG":
        assert picture.text == (("Comment", "a view"), ("Title", "Zürich 東京"))


def test_sources(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(NOISE), "PNG")
    path = tmp_path / "really a png.jpg"
    path.write_bytes(data)
    expected = codes_of(data)
    with path.open("rb") as file:
        for source in (path, str(path), data, io.BytesIO(data), file):
            assert image.to_array(image.read(source)).tolist() == expected


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "PPM"])
def test_one_pixel(kind: str) -> None:
    picture = image.read(encoded(Image.new("RGB", (1, 1), "white"), kind))
    np.testing.assert_allclose(picture.rgb, np.ones((1, 1, 3)), atol=0.01)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "PPM"])
def test_size_is_checked_before_decoding(kind: str) -> None:
    data = encoded(Image.fromarray(SMOOTH), kind)
    half = data[: int(len(data) * (1 if kind in ("WEBP", "AVIF", "PNG", "TIFF") else 0.7))]
    words = r"at most 0.01 megapixels, got 120 x 160 = 0.0 megapixels|got 120 x 160 = 0.0; if you"
    with pytest.raises(image.PictureError, match=words):
        image.read(half, max_pixels=10_000)


SMALL_DEEP = np.asarray(SMALL).astype(np.uint16) * 257


EXIF = Image.Exif()


EXIF[0x112], EXIF[0x13B] = 6, "Ansel Adams"


FILES = {
    "png": encoded(SMALL, "PNG", exif=EXIF, dpi=(72, 72)),
    "png16": image.encode(image.from_array(SMALL_DEEP), "png"),
    "jpeg": encoded(SMALL, "JPEG", exif=EXIF, quality=90),
    "progressive": encoded(SMALL, "JPEG", progressive=True),
    "webp": encoded(SMALL, "WEBP", exif=EXIF),
    "avif": encoded(SMALL, "AVIF", exif=EXIF),
    "bmp": encoded(SMALL, "BMP"),
    "gif": encoded(SMALL, "GIF"),
    "ppm": encoded(SMALL, "PPM"),
    "tiff": encoded(SMALL, "TIFF", exif=EXIF),
    "tiff-lzw": encoded(SMALL, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encoded(SMALL, "TIFF", compression="jpeg"),
    "tiff16": tiff(SMALL_DEEP, photometric="rgb", compression="zlib", rowsperstrip=16),
    "tiff-tiles": tiff(SMALL_DEEP, photometric="rgb", compression="zlib", tile=(32, 32)),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.98])
def test_cut_files_are_refused(name: str, share: float) -> None:
    with pytest.raises(image.PictureError, match=r"get (it|the (whole )?file)|save it"):
        image.read(FILES[name][: int(len(FILES[name]) * share)])


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


def zeros_png(*chunks: bytes, size: tuple[int, int] = (4, 4), rows: int = 4) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes((size[0] + 1) * rows)))
    return b"".join([PNG_MAGIC, header, *chunks, pixels, chunk(b"IEND", b"")])


LATE = bytearray(zeros_png())
LATE[-20] ^= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            zeros_png(size=(60_000, 60_000), rows=1),
            r"got 60000 x 60000 = 3600.0; .* with --max-pixels 3600000000 "
            r"\(max_pixels=3600000000 in Python\)",
        ),
        (zeros_png(size=(0, 4)), "at least 1 x 1, got 4 x 0"),
        (zeros_png(rows=2), "got one that is cut short"),
        (zeros_png()[:-12], "cut short"),
        (bytes(LATE), "checksum of PNG chunk IDAT is wrong"),
        (PNG_MAGIC + chunk(b"IEND", b""), "begin with its header"),
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


def test_a_lack_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("hatsr.image.reading.to_picture", fail)
    with pytest.raises(MemoryError):
        image.read(zeros_png())


def test_two_threads_decode_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=20)

    def meet(decoded: Decoded) -> image.Picture:
        both.wait()  # fails unless the other thread gets here as well
        return to_picture(decoded)

    monkeypatch.setattr("hatsr.image.reading.to_picture", meet)
    data = encoded(Image.fromarray(SMOOTH), "PNG")
    with ThreadPoolExecutor(2) as pool:
        widths = pool.map(lambda _: image.read(data).width, range(4))
        assert list(widths) == [160] * 4


def test_overlapping_reads_leave_warnings_and_logs_as_they_were() -> None:
    filters, log = list(warnings.filters), logging.getLogger("tifffile")
    first, second = reading.quiet(), reading.quiet()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warnings.warn_explicit("unseen", UserWarning, "Image.py", 1, module="PIL.Image")
    with pytest.warns(UserWarning, match="seen"):
        warnings.warn_explicit("seen", UserWarning, "own.py", 1, module="own")
    second.__exit__(None, None, None)
    assert list(warnings.filters) == filters
    assert (log.filters, log.disabled) == ([], False)


def test_only_the_reading_thread_is_kept_from_the_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tifffile")
    with reading.quiet():
        log.error("unheard")
        other = threading.Thread(target=log.error, args=("heard",))
        other.start()
        other.join()
    assert caplog.messages == ["heard"]


def test_filters_that_were_emptied_meanwhile() -> None:
    with warnings.catch_warnings(), reading.quiet():
        warnings.resetwarnings()


def test_a_large_picture_gives_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "PPM", "AVIF"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert image.read(encoded(Image.fromarray(SMOOTH), kind)).width == 160


@pytest.mark.parametrize(
    ("open_it", "error"),
    [
        (lambda folder: folder / "missing.png", FileNotFoundError),
        (lambda folder: folder, IsADirectoryError),
    ],
)
def test_what_cannot_be_opened(
    tmp_path: Path, open_it: Callable[[Path], Path], error: type[OSError]
) -> None:
    with pytest.raises(error, match=str(open_it(tmp_path))):
        image.read(open_it(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "locked.png"
    path.write_bytes(b"")
    path.chmod(0)
    with pytest.raises(PermissionError, match=r"locked\.png"):
        image.read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "file is empty"),
        (b"Dear diary, today", "got a text file, which is no picture; choose another file"),
    ],
)
def test_not_a_picture(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "diary.png"
    path.write_bytes(content)
    with pytest.raises(image.PictureError, match=f"diary.png: .*{words}"):
        image.read(path)
