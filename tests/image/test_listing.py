"""Which files of a folder are pictures."""

from pathlib import Path

import pytest

from hatsr import image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures above and below, hidden ones, and files of other kinds."""
    names = (
        "b.PNG", "a.jpg", "c.txt", "d.heic", ".e.png",
        "sub/f.avif", "sub/g.jxl", ".thumbs/h.png", "sub/.ipynb_checkpoints/i.png",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def test_own_pictures_without_those_below(folder: Path) -> None:
    assert image.list_pictures(folder, recursive=False) == [folder / "a.jpg", folder / "b.PNG"]


def test_hidden_files_and_folders_are_passed_over(folder: Path) -> None:
    found = image.list_pictures(folder, recursive=True)
    assert found == [folder / "a.jpg", folder / "b.PNG", folder / "sub/f.avif"]


def test_pictures_that_cannot_be_read_are_told_apart(folder: Path) -> None:
    found = image.list_unreadable(folder, recursive=True)
    assert found == [folder / "d.heic", folder / "sub/g.jxl"]


def test_a_hidden_folder_that_is_named_is_looked_into(folder: Path) -> None:
    found = image.list_pictures(folder / ".thumbs", recursive=True)
    assert found == [folder / ".thumbs/h.png"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        image.list_pictures(tmp_path / "none", recursive=True)


def test_a_link_back_up_is_followed_once(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "linked").symlink_to(folder / "sub")
    found = image.list_pictures(folder, recursive=True)
    names = [str(path.relative_to(folder)) for path in found]
    assert names == ["a.jpg", "b.PNG", "linked/f.avif", "sub/f.avif"]
