"""Animated PNG as it is written."""

import io
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hatsr import image
from hatsr.image import PictureFrame, PictureSequence, write_sequence
from hatsr.image.sequences.apng import write_apng


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of each chunk."""
    found, at = [], 8
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        found.append((name, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def apng(times: list[Fraction], plays: int = 0) -> list[tuple[bytes, bytes]]:
    """The chunks of a file of frames of noise, 5 x 6 pixels."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    pictures = [image.from_array(rng.integers(0, 256, (5, 6, 3), np.uint8)) for _ in times]
    pairs = zip(pictures, times, strict=True)
    frames = [PictureFrame(picture=picture, seconds=time) for picture, time in pairs]
    write_apng(file, frames, len(frames), plays, None)
    return chunks_of(file.getvalue())


def test_metadata_and_depth_are_kept_in_png(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (2, 5, 6, 3), np.uint16)
    pictures = [replace(image.from_array(each), dpi=(300.0, 300.0)) for each in codes]
    frames = [PictureFrame(picture=p, seconds=Fraction(1, 10)) for p in pictures]
    whole = PictureSequence(kind="animation", count=2, plays=0, frames=lambda: iter(frames))
    write_sequence(tmp_path / "a.png", whole, whole, software="hatsr 1")
    first = image.read(tmp_path / "a.png")
    assert (first.bits, [round(d) for d in first.dpi or ()]) == (16, [300, 300])
    assert np.array_equal(image.to_array(first), codes[0])
    assert image.read_software(tmp_path / "a.png") == "hatsr 1"


def test_chunks_are_in_the_order_of_the_specification() -> None:
    """The first frame is the picture for viewers without animation; one number for all chunks."""
    found = apng([Fraction(1, 10)] * 3, plays=7)
    names = [name for name, _ in found]
    assert names == [
        b"IHDR",
        b"acTL",
        b"fcTL",
        b"IDAT",
        b"fcTL",
        b"fdAT",
        b"fcTL",
        b"fdAT",
        b"IEND",
    ]
    assert struct.unpack(">II", found[1][1]) == (3, 7)
    numbered = [content for name, content in found if name in (b"fcTL", b"fdAT")]
    assert [struct.unpack_from(">I", each)[0] for each in numbered] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("seconds", "over", "under"),
    [
        (Fraction(0), 0, 1),
        (Fraction(1, 30), 1, 30),
        (Fraction(1001, 24000), 1001, 24000),
        (Fraction(123457, 1000), 50247, 407),  # the nearest of all with both numbers below 2**16
        (Fraction(65535), 65535, 1),
        (Fraction(10**6), 65535, 1),
    ],
)
def test_times_are_two_numbers_of_16_bits(seconds: Fraction, over: int, under: int) -> None:
    (control,) = (content for name, content in apng([seconds]) if name == b"fcTL")
    width, height, left, top, *times, disposal, blending = struct.unpack(">IIIIHHBB", control[4:])
    assert (width, height, left, top, disposal, blending) == (6, 5, 0, 0, 0, 0)
    assert times == [over, under]
