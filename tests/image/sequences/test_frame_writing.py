from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from animations import codes_of, drawing, frames_of, make_animation, make_document
from PIL import Image

from hatsr import image
from hatsr.image import (
    PictureError,
    PictureFrame,
    PictureSequence,
    check_sequence_writable,
    read_sequence,
    write_sequence,
)

SECONDS = Fraction(1, 30), Fraction(7, 100), Fraction(70), Fraction(0)


def sequence_of(codes: list[np.ndarray], plays: int = 0) -> PictureSequence:
    frames = [
        PictureFrame(picture=image.from_array(each), seconds=seconds)
        for each, seconds in zip(codes, SECONDS, strict=True)
    ]
    return PictureSequence(
        kind="animation", count=len(frames), plays=plays, frames=lambda: iter(frames)
    )


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("plays", [0, 1, 5])
@pytest.mark.parametrize(("name", "unit"), [("a.png", None), ("a.webp", 1000), ("a.gif", 100)])
def test_an_animation_comes_back(
    tmp_path: Path, name: str, unit: int | None, plays: int, clear: bool
) -> None:
    codes = [drawing(n, clear=clear)[..., : 4 if clear else 3] for n in range(4)]
    sequence = sequence_of(codes, plays)
    if name == "a.webp":
        lossless = [replace(f, picture=replace(f.picture, lossless=True)) for f in sequence]
        sequence = replace(sequence, frames=lambda: iter(lossless))
    lost = write_sequence(tmp_path / name, sequence, sequence, software="hatsr 1")
    again = read_sequence(tmp_path / name)
    assert (again.count, again.plays) == (4, plays)
    for frame, wanted in zip(again, codes, strict=True):
        full = np.dstack([wanted, np.full(wanted.shape[:2], 255, np.uint8)])[..., :4]
        assert np.array_equal(codes_of(frame), full * (full[..., 3:] > 0))
    times = [frame.seconds for frame in again]
    if unit is None:
        assert times == list(SECONDS)
    else:
        assert times == [Fraction(round(unit * s), unit) for s in SECONDS]
    assert lost == (("colours are reduced to 256 a frame",) if name == "a.gif" else ())


def test_rounded_times_of_gif_do_not_drift(tmp_path: Path) -> None:
    frame = PictureFrame(picture=image.from_array(drawing(0)), seconds=Fraction(1, 30))
    whole = PictureSequence(kind="animation", count=30, plays=1, frames=lambda: iter([frame] * 30))
    write_sequence(tmp_path / "a.gif", whole, whole)
    assert sum(each.seconds for each in frames_of(tmp_path / "a.gif")) == 1


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


def test_metadata_are_kept_in_webp(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.webp", lossless=True, xmp=b"<x:xmpmeta/>")
    sequence = read_sequence(path)
    write_sequence(tmp_path / "b.webp", sequence, sequence, software="hatsr 1")
    assert image.read(tmp_path / "b.webp").xmp == b"<x:xmpmeta/>"
    assert image.read_software(tmp_path / "b.webp") == "hatsr 1"
    with Image.open(tmp_path / "b.webp") as again:
        assert getattr(again, "n_frames", 1) == sequence.count


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


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a.gif", "b.jpg", r"jpeg cannot hold 3 frames of an animation; choose \.png, \.webp or"),
        ("a.gif", "b.tif", "tiff cannot hold 3 frames of an animation.*or give --first-frame"),
        ("a.tif", "b.png", r"png cannot hold 3 pages of a document; choose \.tif, or give --first"),
        ("a.tif", "b.gif", "gif cannot hold 3 pages of a document"),
    ],
)
def test_formats_of_one_picture_say_so(
    tmp_path: Path, source: str, target: str, message: str
) -> None:
    make = make_document if source == "a.tif" else make_animation
    sequence = read_sequence(make(tmp_path / source))
    with pytest.raises(PictureError, match=message):
        check_sequence_writable(tmp_path / target, sequence, (24, 32))


def test_a_size_that_does_not_fit(tmp_path: Path) -> None:
    sequence = read_sequence(make_animation(tmp_path / "a.gif"))
    for name, side in (("b.webp", 16384), ("b.gif", 65536)):
        with pytest.raises(PictureError, match=f"sides of a {name[2:]} file must be at most"):
            check_sequence_writable(tmp_path / name, sequence, (side, 8))
    with pytest.raises(PictureError, match="quality must be 1 to 100, got 0"):
        check_sequence_writable(tmp_path / "b.webp", sequence, (8, 8), quality=0)
