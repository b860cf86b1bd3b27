"""TIFF of many pages as it is written."""

import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from animations import make_document
from PIL import Image

from hatsr import image
from hatsr.image import PictureFrame, read_sequence, write_sequence
from hatsr.image.sequences.tiff_pages import write_pages


@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_come_back_with_their_own_facts(tmp_path: Path, order: str) -> None:
    sequence = read_sequence(make_document(tmp_path / "a.tif"))
    pages = [frame.picture for frame in sequence]
    if order == ">":  # a camera's block of the other byte order, with a directory of its own
        block = Image.Exif()
        block.endian = ">"
        block[315] = "Author 0"
        block.get_ifd(0x8769)[0x829A] = 0.5
        pages[0] = replace(pages[0], exif=block.tobytes().removeprefix(b"Exif\0\0"))
        pages[2] = replace(pages[2], exif=pages[0].exif)
    frames = [PictureFrame(picture=page) for page in pages]
    assert write_sequence(tmp_path / "b.tif", sequence, frames, software="hatsr 1") == ()
    again = [frame.picture for frame in read_sequence(tmp_path / "b.tif")]
    for ours, theirs in zip(again, pages, strict=True):
        assert np.array_equal(image.to_array(ours), image.to_array(theirs))
        assert (ours.dpi, ours.gray, ours.bits) == (theirs.dpi, theirs.gray, theirs.bits)
    with Image.open(tmp_path / "b.tif") as stored:
        for number, author in enumerate((0, 1, 0 if order == ">" else 2)):
            stored.seek(number)
            assert stored.getexif()[315] == f"Author {author}"
            assert stored.getexif()[305] == "hatsr 1"
            if order == ">" and number != 1:
                assert stored.getexif().get_ifd(0x8769)[0x829A] == 0.5


def test_every_page_begins_at_an_even_place_after_the_last(tmp_path: Path) -> None:
    """TIFF 6.0, section 2: directories are a list, each at a word; 0 ends it."""
    rng = np.random.default_rng(0)
    sizes = [(1, 1), (3, 5), (2, 1), (7, 3)]
    pages = [image.from_array(rng.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]
    file = io.BytesIO()
    write_pages(file, [PictureFrame(picture=page) for page in pages], None)
    data, found = file.getvalue(), []
    (at,) = struct.unpack_from("<I", data, 4)
    while at:
        assert at % 2 == 0
        (count,) = struct.unpack_from("<H", data, at)
        entries = [struct.unpack_from("<HHII", data, at + 2 + 12 * n) for n in range(count)]
        sides = {tag: value & 0xFFFF for tag, _, _, value in entries if tag in (256, 257)}
        found.append((sides[257], sides[256]))
        (at,) = struct.unpack_from("<I", data, at + 2 + 12 * count)
    assert found == sizes
