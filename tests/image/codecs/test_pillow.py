"""Pillow images of every mode, and files read as such."""

import io
import struct

import numpy as np
import pytest
from picture_files import (
    encoded,
)
from PIL import Image

from hatsr import image


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", "L"),
        ("L", "L"),
        ("LA", "LA"),
        ("P", "RGB"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("RGBX", "RGB"),
        ("RGBa", "RGBA"),
        ("La", "LA"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("LAB", "RGB"),
        ("I;16", "I;16"),
        ("I;16B", "I;16"),
        ("I", "I;16"),
        ("F", "I;16"),
    ],
)
def test_pillow_modes(mode: str, expected: str) -> None:
    picture = image.from_pil(Image.new(mode, (3, 2)))
    assert (picture.height, picture.width) == (2, 3)
    assert image.to_pil(picture).mode == expected


def test_pillow_ranges() -> None:
    wide = Image.fromarray(np.array([[0, 70000]], np.int32))
    with pytest.raises(image.PictureError, match="0 to 65535, got 0 to 70000"):
        image.from_pil(wide)
    with pytest.raises(image.PictureError, match=r"in \[0, 1\], got 0 to 255"):
        image.from_pil(Image.fromarray(np.array([[0, 255]], np.float32)))
    halves = image.from_pil(Image.fromarray(np.array([[0, 0.5]], np.float32)))
    assert halves.rgb[0, 1].tolist() == [0.5, 0.5, 0.5]


def test_a_damaged_file_behind_a_pillow_image() -> None:
    file = io.BytesIO()
    Image.new("RGB", (90, 90)).save(file, "BMP")
    lazy = Image.open(io.BytesIO(file.getvalue()[:999]))
    with pytest.raises(image.PictureError, match=r"Pillow image: .*truncated"):
        image.from_pil(lazy)


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 8, 9)), ("P", 7)])
def test_transparent_colour_becomes_alpha(mode: str, key: int | tuple[int, ...]) -> None:
    picture = Image.new(mode, (2, 1), 3 if mode == "P" else 0)
    picture.putpixel((1, 0), key)
    picture.info["transparency"] = key
    read = image.from_pil(picture)
    assert read.alpha is not None
    assert read.alpha.tolist() == [[1, 0]]


def test_lab_is_converted() -> None:
    # L* 53.2, a* 80.1, b* 67.2 is close to sRGB red; Pillow keeps a and b as signed bytes
    red = Image.frombytes("LAB", (1, 1), bytes([136, 80, 67]))
    picture = image.from_pil(red)
    assert picture.notes == ("LAB converted to sRGB from D50 Lab",)
    np.testing.assert_allclose(picture.rgb[0, 0], [1, 0, 0], atol=0.06)


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


def ink_profile() -> bytes:
    """A CMYK profile that turns any ink into white paper but cyan, which it turns into black."""
    lab = np.zeros((2, 2, 2, 2, 3), np.uint8)
    lab[..., 0], lab[..., 1:] = 255, 128
    lab[1, ..., 0] = 0
    ramp = np.arange(256, dtype=np.uint8)
    matrix = struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix
    table += ramp.tobytes() * 4 + lab.tobytes() + ramp.tobytes() * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"free\0\0\0\0"
    tags, at, body = [], 128 + 4 + 12 * 4, b""
    for name, content in ((b"A2B0", table), (b"wtpt", white), (b"cprt", text), (b"desc", text)):
        content += bytes(-len(content) % 4)
        tags.append(struct.pack(">4sII", name, at + len(body), len(content)))
        body += content
    head = struct.pack(">I4sI4s4s4s", 0, b"test", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    whole = head.ljust(128, b"\0") + struct.pack(">I", 4) + b"".join(tags) + body
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    inks.paste((0, 0, 0, 255), (8, 0, 16, 16))
    plain = image.read(encoded(inks, kind))
    assert plain.notes == ("CMYK converted to sRGB without a profile: colours are approximate",)
    np.testing.assert_allclose(plain.rgb[8, [2, 13]], [[0, 1, 1], [0, 0, 0]], atol=0.03)
    through = image.read(encoded(inks, kind, icc_profile=ink_profile()))
    assert through.notes == ("CMYK converted to sRGB with its own profile",)
    assert through.icc_profile is None
    np.testing.assert_allclose(through.rgb[8, [2, 13]], [[0, 0, 0], [1, 1, 1]], atol=0.03)
    broken = image.read(encoded(inks, kind, icc_profile=ink_profile()[:140]))
    assert "its profile is damaged" in broken.notes[0]
