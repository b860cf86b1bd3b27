from pathlib import Path

import pytest

from hatsr.files import check_not_input


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    path.write_bytes(b"original")
    return path


def test_an_input_is_refused_however_it_is_spelled(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.png").symlink_to(photo)
    (tmp_path / "hard.png").hardlink_to(photo)
    (tmp_path / "linked").symlink_to(photo.parent)
    others = ("in/photo.png", "in/../in/photo.png", "link.png", "hard.png", "linked/photo.png")
    for other in map(Path, others):
        with pytest.raises(ValueError, match=rf"output must not replace an input, got {other} "):
            check_not_input(other, ["nowhere.png", photo])
        with pytest.raises(ValueError, match="output must not replace an input"):
            check_not_input(photo, [str(other)])


def test_a_folder_around_an_input_is_refused(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(photo)
    for output in (photo.parent, tmp_path):
        with pytest.raises(ValueError, match="output must not replace an input"):
            check_not_input(output, [tmp_path / "link.png"])


def test_all_else_may_be_written(photo: Path, tmp_path: Path) -> None:
    (photo.parent / "figure.png").write_bytes(b"figure")
    inputs = [photo, "hat-t-x4", "hf://owner/name/file", "n" * 300, tmp_path / "none"]
    for output in (photo.parent / "figure.png", photo.with_name("new.png"), tmp_path / "out"):
        check_not_input(output, inputs)
    check_not_input(Path("n" * 300), inputs)
