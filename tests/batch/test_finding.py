from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr import image
from hatsr.batch.finding import CLIP, RESULT, UNREADABLE, find_pictures, is_result


def fill(folder: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def made(path: Path, software: str | None) -> Path:
    """A picture that a program made."""
    picture = image.from_array(np.zeros((4, 5, 3), np.uint8))
    image.write(picture, path, software=software)
    return path


def names(*inputs: object, recursive: bool = False) -> list[str]:
    found = find_pictures([str(each) for each in inputs], recursive=recursive)
    return [picture.path.name for picture in found.pictures]


def test_folders_patterns_and_files(tmp_path: Path) -> None:
    fill(tmp_path, "b.png", "a.jpg", "a_x2.jpg", "c_x2.png", ".hidden.png", "notes.txt")
    assert names(tmp_path) == ["a.jpg", "b.png", "c_x2.png"]
    assert names(tmp_path / "*.png", tmp_path / "b.png") == ["b.png", "c_x2.png"]
    assert find_pictures(["nowhere.png"]).pictures[0].path == Path("nowhere.png")
    assert names("_x2.png") == ["_x2.png"]


def test_what_is_named_is_taken(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "a_x4.png", "c.heic")
    assert names(tmp_path / "a.png", tmp_path / "a_x4.png") == ["a.png", "a_x4.png"]
    assert names(tmp_path, tmp_path / "a_x4.png") == ["a.png", "a_x4.png"]
    found = find_pictures([str(tmp_path), str(tmp_path / "c.heic")])
    assert list(found.left_out) == [tmp_path / "a_x4.png"]


@pytest.mark.parametrize("pattern", ["", "*"])
def test_results_of_every_scale_are_left_out_and_counted(tmp_path: Path, pattern: str) -> None:
    fill(tmp_path, "a.png", "a_x2.png", "a_x1.5.jpg", "a_x2_x4.png", "box_x2.png")
    found = find_pictures([str(tmp_path / pattern)])
    assert [picture.path.name for picture in found.pictures] == ["a.png", "box_x2.png"]
    assert set(found.left_out.values()) == {RESULT}
    assert found.remarks() == [
        f"3 left out (a_x1.5.jpg, a_x2.png, a_x2_x4.png): {RESULT}",
    ]


@pytest.mark.parametrize("ending", list(image.FORMATS))
def test_the_header_tells_results_from_originals(tmp_path: Path, ending: str) -> None:
    assert is_result(made(tmp_path / f"free{ending}", "hatsr 0.1.0 (net, x4)"))
    fill(tmp_path, "photo.png")
    assert not is_result(made(tmp_path / f"photo_x2{ending}", "Other 1.0"))
    assert is_result(made(tmp_path / f"photo_x4{ending}", None))  # by its name


def test_an_original_that_other_words_begin_like_us(tmp_path: Path) -> None:
    assert not is_result(made(tmp_path / "a.png", "hatsrology 3"))


def test_a_picture_of_any_size_is_known(tmp_path: Path) -> None:
    huge = Image.new("1", (30_000, 20_000))
    huge.save(tmp_path / "huge.png", pnginfo=_software("hatsr 0.1.0 (net, x4)"))
    assert is_result(tmp_path / "huge.png")


def _software(text: str):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Software", text)
    return info


def test_subfolders(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "one/b.png", "one/two/c.jpg", "one/.cache/d.png", "one/e.jxl")
    (tmp_path / "one" / "f.mp4").touch()
    found = find_pictures([str(tmp_path)], recursive=True)
    assert [(p.path.name, str(p.subfolder)) for p in found.pictures] == [
        ("a.png", "."),
        ("b.png", "one"),
        ("c.jpg", "one/two"),
    ]
    assert found.left_out == {
        tmp_path / "one" / "e.jxl": UNREADABLE,
        tmp_path / "one" / "f.mp4": CLIP,
    }
    assert names(tmp_path) == ["a.png"]


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    fill(tmp_path, "one/b.png", "phone.HEIC", *(f"scan{i}.jxl" for i in range(3)))
    found = find_pictures([str(tmp_path)])
    assert not found.pictures
    assert found.remarks() == [
        f"4 left out (phone.HEIC, scan0.jxl, scan1.jxl, ...): {UNREADABLE}",
        f"subfolders of {tmp_path} are left out; give --recursive",
    ]
    assert find_pictures([str(tmp_path / "one")]).remarks() == []


def test_an_empty_text_is_no_folder() -> None:
    with pytest.raises(ValueError, match="input must be a path, got an empty text"):
        find_pictures(["a.png", ""])
