from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from animations import TIMES, codes_of, drawing, frames_of, make_animation, make_document
from PIL import Image

from hatsr import image
from hatsr.image import PictureError, read_sequence

KEEP, CLEAR, PREVIOUS = 0, 1, 2


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.gif", {}),
        ("a.gif", {"clear": True, "disposal": 2}),
        ("a.png", {}),
        ("a.png", {"clear": True, "disposal": KEEP, "blend": 0}),
        ("a.png", {"clear": True, "disposal": CLEAR, "blend": 1}),
        ("a.png", {"disposal": PREVIOUS, "blend": 1}),
        ("a.webp", {"lossless": True}),
        ("a.webp", {"lossless": True, "clear": True, "minimize_size": True}),
    ],
)
def test_frames_are_whole(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    clear = bool(options.get("clear"))
    path = make_animation(tmp_path / name, (0, 1, 1, 3), **options)
    found = frames_of(path)
    wanted = [drawing(n, clear=clear) for n in (0, 1, 1, 3)]
    stored = {Fraction(t, 1000): codes for t, codes in zip(TIMES, wanted, strict=True)}
    assert sum(frame.seconds for frame in found) == Fraction(sum(TIMES), 1000)
    for frame in found:  # Pillow joins frames that are the same
        codes = drawing(1, clear=clear) if frame.seconds == Fraction(200, 1000) else None
        codes = stored[frame.seconds] if codes is None else codes
        assert (frame.picture.alpha is not None) == clear
        assert np.array_equal(codes_of(frame), codes * (codes[..., 3:] > 0))


@pytest.mark.parametrize(
    ("name", "loop", "plays"),
    [
        ("a.gif", None, 1),
        ("a.gif", 0, 0),
        ("a.gif", 3, 4),  # GIF counts what follows the first time
        ("a.png", 0, 0),
        ("a.png", 3, 3),
        ("a.webp", 3, 3),
    ],
)
def test_how_often_it_is_played(tmp_path: Path, name: str, loop: int | None, plays: int) -> None:
    found = read_sequence(make_animation(tmp_path / name, loop=loop))
    assert (found.kind, found.plays) == ("animation", plays)


def test_pages_have_their_own_facts(tmp_path: Path) -> None:
    path = make_document(tmp_path / "a.tif")
    sequence = read_sequence(path)
    assert (sequence.kind, sequence.count, sequence.notes) == ("pages", 3, ())
    pages = [frame.picture for frame in sequence]
    assert [(p.height, p.width, p.gray, p.alpha is not None) for p in pages] == [
        (5, 7, False, False),
        (6, 4, True, False),
        (3, 3, False, True),
    ]
    assert [p.dpi for p in pages] == [(100, 100), (101, 101), (102, 102)]
    for number, page in enumerate(pages):
        assert f"Author {number}".encode() in (page.exif or b"")
        assert page.notes == ()
    with Image.open(path) as stored:
        for number, page in enumerate(pages):
            stored.seek(number)
            assert np.array_equal(image.to_array(page), np.asarray(stored))


def test_previews_are_no_pages(tmp_path: Path) -> None:
    import tifffile

    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for side, kind in ((8, 0), (4, 1), (6, 0)):
            file.write(np.zeros((side, side), np.uint8), subfiletype=kind)
    found = read_sequence(tmp_path / "a.tif")
    assert [frame.picture.height for frame in found] == [8, 6]
    assert found.notes == ("1 previews or masks are left out",)


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.webp", "a.tif", "a.jpg", "a.bmp"])
def test_a_plain_picture_is_a_sequence_of_one(tmp_path: Path, name: str) -> None:
    Image.fromarray(drawing(0)[..., :3]).save(tmp_path / name)
    found = read_sequence(tmp_path / name)
    assert found.count == 1
    assert [frame.picture.height for frame in found] == [18]


def test_the_picture_for_other_viewers_is_no_frame(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.png", default_image=True, duration=list(TIMES[:3]))
    found = read_sequence(path)
    assert found.count == len(list(found)) == 2  # the last two of three are the same but for time
    assert found.notes == ("the picture for viewers without animation is left out",)


def test_a_frame_that_is_damaged_is_found_before_any_is_made(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.webp", lossless=True)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(PictureError, match=r"a\.webp"):
        read_sequence(path)


def test_a_frame_must_not_be_too_large(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif")
    with pytest.raises(PictureError, match=r"a\.gif: size must be at most 0\.0001 megapixels"):
        read_sequence(path, max_pixels=100)
