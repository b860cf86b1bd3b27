"""Animated WebP as it is written."""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from animations import make_animation
from PIL import Image

from hatsr import image
from hatsr.image import Picture, PictureFrame, read_sequence, write_sequence
from hatsr.image.sequences.webp_frames import write_webp_frames

PROFILE, XMP = b"no profile, of 17", b"<x:xmpmeta/>"


def webp(picture: Picture, *times: Fraction, plays: int = 0) -> bytes:
    """Frames of one picture."""
    file = io.BytesIO()
    frames = [PictureFrame(picture=picture, seconds=time) for time in times]
    write_webp_frames(file, frames, plays, None, None)
    return file.getvalue()


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk of a file; each begins at an even place."""
    at = 12
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(data)


def picture_of(channels: int = 3) -> Picture:
    codes = np.random.default_rng(0).integers(0, 256, (5, 6, channels), np.uint8)
    return image.from_array(codes)


def test_metadata_are_kept_in_webp(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.webp", lossless=True, xmp=b"<x:xmpmeta/>")
    sequence = read_sequence(path)
    write_sequence(tmp_path / "b.webp", sequence, sequence, software="hatsr 1")
    assert image.read(tmp_path / "b.webp").xmp == b"<x:xmpmeta/>"
    assert image.read_software(tmp_path / "b.webp") == "hatsr 1"
    with Image.open(tmp_path / "b.webp") as again:
        assert getattr(again, "n_frames", 1) == sequence.count


@pytest.mark.parametrize(
    ("picture", "flags", "names"),
    [
        (picture_of(), 0b000010, "VP8X ANIM ANMF ANMF"),
        (picture_of(4), 0b010010, "VP8X ANIM ANMF ANMF"),
        (replace(picture_of(), xmp=XMP), 0b000110, "VP8X ANIM ANMF ANMF XMP"),
        (replace(picture_of(), icc_profile=PROFILE), 0b100010, "VP8X ICCP ANIM ANMF ANMF"),
        (replace(picture_of(), dpi=(300.0, 300.0)), 0b001010, "VP8X ANIM ANMF ANMF EXIF"),
    ],
    ids=["pixels", "alpha", "xmp", "profile", "resolution"],
)
def test_the_head_tells_what_follows(picture: Picture, flags: int, names: str) -> None:
    """RFC 9649, section 2.7.1: flags, then width and height less one, 24 bits each."""
    data = webp(picture, Fraction(1, 10), Fraction(1, 10), plays=3)
    assert data[:12] == b"RIFF" + struct.pack("<I", len(data) - 8) + b"WEBP"
    found = list(chunks_of(data))
    assert b" ".join(name.strip() for name, _ in found) == names.encode()
    contents = dict(found)
    assert contents[b"VP8X"] == struct.pack("<I", flags) + b"\x05\0\0" + b"\x04\0\0"
    assert contents[b"ANIM"] == bytes(4) + b"\x03\0"
    assert contents.get(b"ICCP", PROFILE) == PROFILE
    assert contents.get(b"XMP ", XMP) == XMP


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        (Fraction(0), 0),
        (Fraction(1, 30), 33),
        (Fraction(2, 3), 667),
        (Fraction(10**5), 2**24 - 1),
    ],
)
def test_times_are_milliseconds_of_24_bits(seconds: Fraction, milliseconds: int) -> None:
    """Section 2.7.1.2: place, size, duration, and the bit that says that nothing shows through."""
    frame = dict(chunks_of(webp(picture_of(), seconds)))[b"ANMF"]
    assert frame[:6] == bytes(6)
    assert frame[6:12] == b"\x05\0\0\x04\0\0"
    assert int.from_bytes(frame[12:15], "little") == milliseconds
    assert frame[15] == 0b10
