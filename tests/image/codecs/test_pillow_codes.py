"""Pillow images of every mode, and what their codes mean."""

import struct

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image

from hatsr import image
from hatsr.image.codecs.pillow_codes import stored_codes


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


@pytest.mark.parametrize(
    ("mode", "stored", "codes", "max_code"),
    [
        ("1", [0, 255], [[0], [255]], 255),
        ("LA", [(7, 0), (9, 255)], [[7, 0], [9, 255]], 255),
        ("RGBX", [(1, 2, 3, 4)], [[1, 2, 3]], 255),
        ("RGBa", [(10, 20, 30, 51)], [[50, 100, 150, 51]], 255),  # colour times opacity, of 1/5
        ("HSV", [(0, 255, 200)], [[200, 0, 0]], 255),
        ("YCbCr", [(90, 128, 128)], [[90, 90, 90]], 255),
        ("I", [0, 65535], [[0], [65535]], 65535),
        ("I;16B", [258], [[258]], 65535),
        ("F", [0.0, 0.25], [[0.0], [0.25]], 1),
    ],
)
def test_the_codes_of_each_mode(
    mode: str, stored: list[object], codes: list[list[float]], max_code: int
) -> None:
    picture = Image.new(mode, (len(stored), 1))
    for column, value in enumerate(stored):
        picture.putpixel((column, 0), value)  # pyright: ignore
    found, largest = stored_codes(picture)
    assert found[0].tolist() == codes
    assert largest == max_code


def test_a_key_of_16_bits_is_of_all_of_them() -> None:
    wide = Image.new("I;16", (3, 1))
    for column, value in enumerate((256, 257, 1)):
        wide.putpixel((column, 0), value)
    wide.info["transparency"] = 257
    found, _ = stored_codes(wide)
    assert found[0].tolist() == [[256, 65535], [257, 0], [1, 65535]]
