"""Which files a folder gives, and which LR belongs to which HR."""

from pathlib import Path

import pytest
from PIL import Image

from hatsr.data.sources import open_folders


def test_pairs_are_at_the_same_place(tmp_path: Path) -> None:
    for place in ("hr/a/1.v2.png", "hr/b/1.v2.png", "lr/a/1.v2.png", "lr/b/1.v2x2.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / place)
    source = open_folders([tmp_path / "hr"], tmp_path / "lr", 2)
    assert source.lr_paths[2] == (tmp_path / "lr/a/1.v2.png", tmp_path / "lr/b/1.v2x2.png")
    (tmp_path / "lr/a/1.v2.png").unlink()
    with pytest.raises(ValueError, match=r"first a/1\.v2\.png; give it the same place"):
        open_folders([tmp_path / "hr"], tmp_path / "lr", 2)
    for name in ("1.v2_a.png", "1.v2_b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / "lr/a" / name)
    with pytest.raises(ValueError, match=r"several for 1 of 2, first a.* \(1\.v2_a\.png, 1\.v2_b"):
        open_folders([tmp_path / "hr"], tmp_path / "lr", 2)


@pytest.mark.parametrize("name", ["{}.png", "{}x2.png", "{}_bicLRx2.png", "{}-x2.jpg"])
def test_pairs_are_found_as_in_evaluation(folder: Path, tmp_path: Path, name: str) -> None:
    lr = tmp_path / "lr"
    lr.mkdir()
    for i in range(4):
        (lr / name.format(i)).touch()
        (lr / f"{i}x3.png").touch()
    found = open_folders([folder], lr, 2).lr_paths[2]
    assert found == tuple(lr / name.format(i) for i in range(4))


@pytest.mark.parametrize("name", ["4.avif", "4.GIF", "4.jfif", "4/4.pgm"])
def test_every_readable_kind_is_listed(folder: Path, name: str) -> None:
    (folder / "4").mkdir()
    (folder / name).touch()
    assert open_folders([folder]).paths[-1] == folder / name


@pytest.mark.parametrize("name", [".4.png", ".thumbs/4.png", "4/.ipynb_checkpoints/4.png"])
def test_nothing_hidden_is_trained_on(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    assert open_folders([folder]).paths == tuple(folder / f"{i}.png" for i in range(4))


def test_messages(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must exist"):
        open_folders([tmp_path / "none"])
    with pytest.raises(ValueError, match=r"must hold pictures \(.*\.png.*\), got none"):
        open_folders([tmp_path])
    (tmp_path / "a.heic").touch()
    with pytest.raises(ValueError, match=r"got only \.heic; convert them to PNG"):
        open_folders([tmp_path])
