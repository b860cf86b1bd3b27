from pathlib import Path

import pytest

from hatsr.batch.finding import PictureFile
from hatsr.batch.outputs import Output, check_folder_name, check_output, target_of

ONE = [PictureFile(Path("a.png"))]


@pytest.mark.parametrize(
    ("source", "place", "ending", "expected"),
    [
        ("in/a.jpg", None, None, "in/a_x4.jpg"),
        ("in/a.bmp", None, None, "in/a_x4.png"),
        ("in/a.jpg", None, ".webp", "in/a_x4.webp"),
        ("in/a.jpg", "out", None, "out/a_x4.jpg"),
        ("in/a.jpg", "out.png", None, "out.png"),
    ],
)
def test_targets(source: str, place: str | None, ending: str | None, expected: str) -> None:
    output = Output(place=Path(place) if place else None, ending=ending)
    assert target_of(PictureFile(Path(source)), output, "_x4", alone=True) == Path(expected)


def test_the_tree_is_kept() -> None:
    picture = PictureFile(Path("in/one/two/a.jpg"), Path("one/two"))
    kept = target_of(picture, Output(place=Path("out")), "_x4", alone=False)
    assert kept == Path("out/one/two/a_x4.jpg")
    beside = target_of(picture, Output(), "_x4", alone=False)
    assert beside == Path("in/one/two/a_x4.jpg")


@pytest.mark.parametrize(
    "name", ["big.jxl", "big.HEIC", "big.jp2", "big.tga", "big.pdf", "big.bmp", "table.csv"]
)
def test_a_name_of_a_file_that_cannot_be_written_is_no_folder(tmp_path: Path, name: str) -> None:
    rule = (
        r"output must end in one of \.png, .*\.avif, or be a folder, got .*; if a folder is meant"
    )
    with pytest.raises(ValueError, match=rule):
        check_output(Output(place=tmp_path / name), ONE)
    with pytest.raises(ValueError, match="output must be a folder, got"):
        check_folder_name(tmp_path / name)
    (tmp_path / name).mkdir()
    check_output(Output(place=tmp_path / name), ONE)
    check_folder_name(tmp_path / name)


@pytest.mark.parametrize("name", ["out", "v1.2", "photos.old", "out.png"])
def test_names_that_may_be_meant(tmp_path: Path, name: str) -> None:
    check_output(Output(place=tmp_path / name), ONE)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ValueError, match="or be a folder, got"):
        check_output(Output(place=tmp_path / "notes"), ONE * 2)


def test_the_picture_itself_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ValueError, match="output must not replace an input"):
        check_output(Output(place=tmp_path / "a.png"), [PictureFile(tmp_path / "a.png")])
    check_output(Output(place=tmp_path), [PictureFile(tmp_path / "a.png")])
