"""Animated GIF as it is written."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from animations import drawing, frames_of
from PIL import Image

from hatsr import image
from hatsr.image import PictureFrame, PictureSequence, write_sequence
from hatsr.image.sequences.gif_frames import write_gif


def gif(codes: np.ndarray, plays: int = 1) -> bytes:
    """Two frames of the same picture, half a second each."""
    file = io.BytesIO()
    frame = PictureFrame(picture=image.from_array(codes), seconds=Fraction(1, 2))
    write_gif(file, [frame] * 2, plays)
    return file.getvalue()


def test_rounded_times_of_gif_do_not_drift(tmp_path: Path) -> None:
    frame = PictureFrame(picture=image.from_array(drawing(0)), seconds=Fraction(1, 30))
    whole = PictureSequence(kind="animation", count=30, plays=1, frames=lambda: iter([frame] * 30))
    write_sequence(tmp_path / "a.gif", whole, whole)
    assert sum(each.seconds for each in frames_of(tmp_path / "a.gif")) == 1


@pytest.mark.parametrize(
    ("plays", "again"), [(1, None), (0, 0), (2, 1), (65536, 65535), (10**6, 65535)]
)
def test_the_loop_counts_what_follows_the_first_time(plays: int, again: int | None) -> None:
    _, found, rest = gif(drawing(0)[..., :3], plays).partition(b"!\xff\x0bNETSCAPE2.0\x03\x01")
    assert bool(found) == (again is not None)
    assert again is None or struct.unpack_from("<HB", rest) == (again, 0)


def test_half_opacity_is_the_first_that_shows() -> None:
    codes = np.full((1, 4, 4), 200, np.uint8)
    codes[0, :, 3] = 0, 127, 128, 255
    with Image.open(io.BytesIO(gif(codes))) as found:
        opacity = np.asarray(found.convert("RGBA"))[..., 3]
    assert opacity.tolist() == [[0, 0, 255, 255]]


@pytest.mark.parametrize(("clear", "colours"), [(False, 256), (True, 255)])
def test_as_many_colours_as_a_frame_has_room_for_are_kept(clear: bool, colours: int) -> None:
    codes = np.random.default_rng(0).permutation(256**3)[:colours].astype(">u4").view(np.uint8)
    codes = codes.reshape(1, colours, 4)[..., [1, 2, 3, 0]]
    codes[..., 3] = 255
    with Image.open(io.BytesIO(gif(codes if clear else codes[..., :3]))) as found:
        assert np.array_equal(np.asarray(found.convert("RGB")), codes[..., :3])


@pytest.mark.parametrize("channels", [1, 2])
def test_gray_frames_stay_gray(channels: int) -> None:
    codes = np.full((3, 4, channels), 255, np.uint8)
    codes[..., 0] = np.arange(12).reshape(3, 4) * 20
    with Image.open(io.BytesIO(gif(codes[..., 0] if channels == 1 else codes))) as found:
        seen = np.asarray(found.convert("RGB"))
    assert np.array_equal(seen, np.stack([codes[..., 0]] * 3, axis=2))
