"""Pixels of PNG files, of every depth and order."""

import io

import imagecodecs
import numpy as np
import pytest
from picture_files import DEEP, NOISE, chunk, codes_of, gray_png, png
from PIL import Image

from hatsr import image
from hatsr.image.bitstreams.png_chunks import chunks


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [NOISE, DEEP])
def test_png_keeps_every_bit(array: np.ndarray, channels: int) -> None:
    array = np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])
    np.testing.assert_array_equal(codes_of(bytes(imagecodecs.png_encode(array))), array)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [NOISE, DEEP])
def test_written_png_is_understood_by_others(array: np.ndarray, channels: int) -> None:
    array = np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])
    data = image.encode(image.from_array(array), "png")
    np.testing.assert_array_equal(imagecodecs.png_decode(data), array)
    if array.dtype == np.uint8 or channels == 1:  # Pillow has no other 16-bit pictures
        np.testing.assert_array_equal(Image.open(io.BytesIO(data)), array)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_small_png_is_understood_by_others(size: tuple[int, int]) -> None:
    array = NOISE[: size[0], : size[1], :3]
    data = image.encode(image.from_array(array), "png")
    np.testing.assert_array_equal(Image.open(io.BytesIO(data)), array)


def test_pixels_that_are_too_many_for_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatsr.image.codecs.png_pixels._LARGEST_CHUNK", 100)
    data = image.encode(image.from_array(NOISE), "png")
    sizes = [len(part) - 12 for name, part in chunks(data) if name == b"IDAT"]
    assert len(sizes) > 2
    assert set(sizes[:-1]) == {100}
    np.testing.assert_array_equal(Image.open(io.BytesIO(data)), NOISE)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png((4, 1, 2, 0), b"\0\x1b"), [0, 85, 170, 255]),
        (png((2, 1, 4, 0), b"\0\x1b"), [17, 187]),
        (
            png((4, 1, 2, 0), b"\0\x1b", chunk(b"tRNS", b"\0\1")),
            [[0, 255], [85, 0], [170, 255], [255, 255]],
        ),
        (png((2, 1, 16, 0), b"\0\1\2\3\4", chunk(b"tRNS", b"\1\2")), [[258, 0], [772, 65535]]),
        (png((1, 1, 8, 2), b"\0\1\2\3", chunk(b"tRNS", b"\0\1\0\2\0\3")), [[1, 2, 3, 0]]),
        (png((2, 1, 1, 3), b"\0\x40", chunk(b"PLTE", b"abcdef")), [[97, 98, 99], [100, 101, 102]]),
        (
            png((2, 1, 8, 3), b"\0\1\0", chunk(b"PLTE", b"abcdef"), chunk(b"tRNS", b"\x80")),
            [[100, 101, 102, 255], [97, 98, 99, 128]],
        ),
    ],
)
def test_odd_png(data: bytes, expected: list[object]) -> None:
    assert codes_of(data) == [expected]


RNG = np.random.default_rng(8)


PASSES = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4),
    (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
)  # fmt: skip
"""First row and column, steps down and across (PNG specification, section 8.2)."""


SIZES = [(1, 1), (1, 5), (3, 2), (5, 1), (8, 8), (11, 13)]


def interlaced(samples: np.ndarray, bits: int, colour: int, *extra: bytes) -> bytes:
    """A file of samples h w c, in the order of Adam7."""
    rows = b""
    for row, column, down, across in PASSES:
        part = samples[row::down, column::across]
        for line in part if part.size else ():
            flat = "".join(f"{sample:0{bits}b}" for sample in line.ravel())
            flat = flat.ljust(-(-len(flat) // 8) * 8, "0")
            rows += b"\0" + int(flat, 2).to_bytes(len(flat) // 8, "big")
    height, width = samples.shape[:2]
    return png((width, height, bits, colour), rows, *extra, interlaced=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("bits", "colour", "channels"),
    [(8, 0, 1), (16, 0, 1), (8, 2, 3), (16, 2, 3), (8, 4, 2), (16, 4, 2), (8, 6, 4), (16, 6, 4)],
)
def test_interlaced(
    bits: int, colour: int, channels: int, size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    samples = RNG.integers(0, 2**bits, (*size, channels))
    read = image.to_array(image.read(interlaced(samples, bits, colour)))
    np.testing.assert_array_equal(np.atleast_3d(read), samples)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_interlaced_with_less_than_a_byte(
    bits: int, size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    samples = RNG.integers(0, 2**bits, (*size, 1))
    gray = image.to_array(image.read(interlaced(samples, bits, 0)))
    np.testing.assert_array_equal(gray, samples[..., 0] * 255 // (2**bits - 1))
    palette = RNG.integers(0, 256, (2**bits, 3)).astype(np.uint8)
    tables = chunk(b"PLTE", palette.tobytes()), chunk(b"tRNS", b"\x80")
    colours = image.to_array(image.read(interlaced(samples, bits, 3, *tables)))
    np.testing.assert_array_equal(colours[..., :3], palette[samples[..., 0]])
    np.testing.assert_array_equal(colours[..., 3], np.where(samples[..., 0] == 0, 0x80, 255))
    assert capfd.readouterr() == ("", "")


def test_interlaced_and_cut() -> None:
    header = (9, 9, 8, 0)
    with pytest.raises(image.PictureError, match="Not enough image data; get the whole file again"):
        image.read(png(header, bytes(60), interlaced=True))


def test_tables_that_do_not_fit_are_passed_over(capfd: pytest.CaptureFixture[str]) -> None:
    tables = chunk(b"PLTE", b"abcdef"), chunk(b"tRNS", b"\0\1")
    assert image.to_array(image.read(png((1, 1, 8, 4), b"\0\1\2", *tables))).tolist() == [[[1, 2]]]
    assert image.to_array(image.read(gray_png(tables[0]))).tolist() == [[1]]
    assert capfd.readouterr() == ("", "")


def test_a_colour_type_that_there_is_not() -> None:
    with pytest.raises(image.PictureError, match="colour type must be 0, 2, 3, 4 or 6, got 5"):
        image.read(png((1, 1, 8, 5), b"\0\1"))
