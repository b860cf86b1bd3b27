from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from animations import codes_of, drawing, make_animation, make_document

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
