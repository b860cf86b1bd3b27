"""Picture -> files, opened again by other programs."""

import io
import os
import warnings
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from picture_files import DEEP, NOISE, SRGB, XMP, annotated
from PIL import ExifTags, Image

from hatsr import image

FLAT = NOISE


SOFTWARE = "hatsr 0.1: hat-t-x4, scale 4"


def pixels(array: np.ndarray, channels: int) -> np.ndarray:
    return np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [FLAT, DEEP])
def test_lossless_codes_come_back(array: np.ndarray, channels: int, kind: str) -> None:
    picture = image.from_array(pixels(array, channels))
    data = image.encode(replace(picture, lossless=True), kind)
    again = image.read(data)
    if kind == "webp":
        np.testing.assert_array_equal(
            image.to_array(replace(again, gray=picture.gray)), image.to_array(picture, 8)
        )
        return
    np.testing.assert_array_equal(image.to_array(again), pixels(array, channels))
    decoders = {"png": imagecodecs.png_decode, "tiff": imagecodecs.tiff_decode}
    np.testing.assert_array_equal(decoders[kind](data), pixels(array, channels))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("gray", [False, True])
def test_lossy_formats_are_close(kind: str, gray: bool) -> None:
    small = Image.fromarray(FLAT[..., :3]).resize((190, 130), Image.Resampling.BICUBIC)
    source = np.asarray(small.convert("L" if gray else "RGB"))
    data = image.encode(image.from_array(source), kind)
    read = Image.open(io.BytesIO(data))
    assert read.format == kind.upper()
    assert read.mode == ("L" if gray and kind != "webp" else "RGB")
    assert np.abs(np.asarray(read.convert("L" if gray else "RGB"), float) - source).mean() < 3
    rough = image.encode(image.from_array(source), kind, quality=20)
    assert len(rough) < len(data) / 2


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
def test_metadata_is_written(kind: str) -> None:
    data = image.encode(annotated(), kind, software=SOFTWARE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = Image.open(io.BytesIO(data))
        file.load()
        exif = file.getexif()
    assert file.info["icc_profile"] == SRGB
    assert exif[ExifTags.Base.Artist] == "Ansel Adams"
    assert exif[ExifTags.Base.Software] == SOFTWARE
    assert exif.get(ExifTags.Base.Orientation, 1) == 1
    assert file.info["xmp"] == XMP
    if kind in ("png", "jpeg", "tiff"):
        assert file.info["dpi"] == pytest.approx((100, 100), abs=0.02)
    if kind == "png":
        text = {"Comment": "a view", "Title": "東京", "Software": SOFTWARE}
        assert text.items() <= file.info.items()
    again = image.read(data)
    assert (again.xmp, again.icc_profile) == (XMP, SRGB)
    assert again.dpi == pytest.approx((100, 100), abs=0.02)
    assert again.notes == ()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
def test_resolution_needs_no_exif(kind: str) -> None:
    picture = replace(image.from_array(FLAT[..., :3]), dpi=(300.0, 150.0))
    again = image.read(image.encode(picture, kind))
    assert again.dpi == pytest.approx((300, 150), abs=0.02)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
def test_metadata_of_the_enlarged(kind: str) -> None:
    picture = annotated()
    big = image.enlarged(picture, np.zeros((68, 92, 3), np.float32), 4)
    again = image.read(image.encode(big, kind, software=SOFTWARE))
    assert again.dpi == pytest.approx((400, 400), abs=0.02)
    assert b'tiff:ImageWidth="92"' in (again.xmp or b"")
    block = Image.Exif()
    block.load(b"Exif\0\0" + (again.exif or b""))
    assert block[ExifTags.Base.XResolution] == 400
    if kind != "tiff":  # where the file's own size says it
        assert (block[0x100], block[0x101]) == (92, 68)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (2, 1)])
def test_smallest(kind: str, size: tuple[int, int]) -> None:
    picture = image.from_array(np.full((*size, 3), 255, np.uint8))
    np.testing.assert_allclose(image.read(image.encode(picture, kind)).rgb, 1, atol=0.01)


@pytest.mark.parametrize(
    ("name", "size", "settings", "words"),
    [
        ("a.gif", (9, 9), {}, r"must end with .png, .jpg.*got 'a.gif'"),
        ("a", (9, 9), {}, "got 'a'"),
        ("a.png", (9, 9), {"format": "bmp"}, "format must be one of.*got 'bmp'"),
        ("a.jpg", (9, 65501), {}, "at most 65500, got 9 x 65501; choose .png"),
        ("a.webp", (16384, 9), {}, "at most 16383, got 16384 x 9"),
        ("a.avif", (32769, 9), {}, "at most 32768"),
        ("a.avif", (20000, 20000), {}, "at most 268 megapixels"),
        ("a.png", (9, 2_000_000), {}, "at most 1000000.*choose .tif"),
        ("a.tif", (30000, 30000), {}, "at most 528 megapixels, got 30000 x 30000 = 900"),
        ("a.jpg", (9, 9), {"has_alpha": True}, "jpeg cannot hold transparency; choose .png"),
        ("a.png", (9, 9), {"quality": 90}, "quality is for lossy.*leave it out"),
        ("a.jpg", (9, 9), {"quality": 101}, "quality must be 1 to 100, got 101"),
    ],
)
def test_refused_before_any_work(
    tmp_path: Path, name: str, size: tuple[int, int], settings: dict[str, object], words: str
) -> None:
    with pytest.raises(image.PictureError, match=words):
        image.check_writable(tmp_path / name, size, **settings)  # pyright: ignore[reportArgumentType]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    assert image.check_writable(tmp_path / "A.JPG", (9, 9)) == "jpeg"
    assert image.check_writable(tmp_path / "a", (9, 9), format="png") == "png"
    with pytest.raises(FileNotFoundError, match=r"folder must exist.*create it first"):
        image.check_writable(tmp_path / "none" / "a.png", (9, 9))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(IsADirectoryError, match="output must be a file"):
        image.check_writable(tmp_path / "folder.png", (9, 9))
    with pytest.raises(OSError, match=r"name must be as short.*got 256 bytes"):
        image.check_writable(tmp_path / f"{'a' * 252}.png", (9, 9))


@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.jpeg", "a.webp", "a.tif", "a.tiff", "a.avif"]
)
def test_write(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    before = os.umask(0o027)
    try:
        image.write(image.from_array(FLAT[..., :3]), path, software=SOFTWARE)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]
    with Image.open(path) as file:
        assert file.size == (23, 17)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "there" / "real.png")
    image.write(image.from_array(FLAT), tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "there" / "real.png").is_file()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    write_bytes = Path.write_bytes

    def fail(part: Path, content: object) -> int:
        assert part.name.startswith(".")
        assert part.name.endswith(f".{os.getpid()}.part")
        if step == "write_bytes":
            write_bytes(part, b"half")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, fail)
        with pytest.raises(type(error)):
            image.write(image.from_array(FLAT), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    rgb = np.full((4, 4, 3), np.nan, np.float32)
    with pytest.raises(ValueError, match="must be finite"):
        image.write(image.Picture(rgb=rgb), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
