"""Pillow images of every mode, and files read as such."""

import io

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image

from hatsr import image


def test_a_damaged_file_behind_a_pillow_image() -> None:
    file = io.BytesIO()
    Image.new("RGB", (90, 90)).save(file, "BMP")
    lazy = Image.open(io.BytesIO(file.getvalue()[:999]))
    with pytest.raises(image.PictureError, match=r"Pillow image: .*cut short"):
        image.from_pil(lazy)


def test_gif_with_transparency() -> None:
    source = Image.new("P", (3, 1), 1)
    source.putpalette([0, 0, 0, 10, 20, 30])
    source.putpixel((0, 0), 0)
    picture = image.read(encoded(source, "GIF", transparency=0))
    assert image.to_array(picture)[0, 1].tolist() == [10, 20, 30, 255]
    assert image.to_array(picture)[0, 0, 3] == 0


def test_comments_of_a_gif() -> None:
    picture = image.read(encoded(Image.new("L", (9, 8)), "GIF", comment=b"a view"))
    assert picture.text == (("Comment", "a view"),)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_are_noted(kind: str) -> None:
    frames = [Image.new("RGB", (9, 8), colour) for colour in ("red", "lime", "blue")]
    picture = image.read(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert picture.notes == ("animation: only frame 1 of 3 is used",)
    np.testing.assert_allclose(picture.rgb[4, 4], [1, 0, 0], atol=0.02)
