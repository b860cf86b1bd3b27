"""What a check of training data finds, and what it passes over."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from hatsr.data.pictures import decode, downsample
from hatsr.data.preparing.check import check
from hatsr.data.sources import open_folders


def test_check_finds_everything(folder: Path, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    with Image.open(folder / "3.png") as picture:
        ImageOps.mirror(picture).resize((90, 90)).save(tests / "leaked.jpg")
        picture.resize((70, 70)).save(folder / "again.png")
    (folder / "broken.png").write_bytes(b"")
    found = check(open_folders([folder]), 4, 40, (("tests", open_folders([tests])),))
    kinds = {(p.kind, Path(p.name).name) for p in found.problems}
    assert {("unreadable", "broken.png"), ("too small", "1.png"), ("leak", "3.png")} <= kinds
    assert ("leak", "again.png") in kinds
    assert ("repeated", "again.png") in kinds or ("repeated", "3.png") in kinds
    assert not [p for p in found.problems if p.kind in ("leak", "repeated") and "2.png" in p.name]


def test_a_broken_test_picture_is_one_problem_of_many(folder: Path, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "0.png").write_bytes(b"broken")
    (tests / "1.png").write_bytes((folder / "1.png").read_bytes())
    found = check(open_folders([folder]), 4, 1, (("tests", open_folders([tests])),))
    assert [(p.kind, p.name) for p in found.problems] == [
        ("unreadable", str(tests / "0.png")),
        ("leak", str(folder / "1.png")),
    ]


@pytest.fixture
def lr_folder(folder: Path, tmp_path: Path) -> Path:
    """The LR of each picture at x2, with JPEG's artefacts."""
    place = tmp_path / "lr"
    place.mkdir()
    for path in folder.iterdir():
        lr = Image.fromarray(downsample(decode(path), 2))
        lr.save(place / f"{path.stem}_bicLRx2.jpg", quality=40)
    return place


def test_lr_of_its_own_hr_is_no_problem(folder: Path, lr_folder: Path) -> None:
    assert check(open_folders([folder], lr_folder, 2), 2, 1).problems == ()


def test_lr_of_another_picture_is_found(folder: Path, lr_folder: Path) -> None:
    for index, size in ((0, (25, 20)), (1, (18, 24))):
        source = {0: "1", 1: "3"}[index]
        with Image.open(lr_folder / f"{source}_bicLRx2.jpg") as lr:
            lr.load()
        lr.resize(size).save(lr_folder / f"{index}_bicLRx2.jpg", quality=90)
    Image.new("RGB", (9, 9)).save(lr_folder / "3_bicLRx2.jpg")
    noise = np.random.default_rng(0).integers(0, 256, (20, 21, 3), dtype=np.uint8)
    Image.fromarray(noise).save(lr_folder / "2_bicLRx2.jpg", quality=90)
    found = check(open_folders([folder], lr_folder, 2), 2, 1)
    assert [(p.kind, Path(p.name).name, p.reason) for p in found.problems] == [
        ("wrong LR", "3.png", "its LR must be (30, 30) at x2, got (9, 9)"),
        ("wrong LR", "0.png", f"its LR is that of {folder / '1.png'}"),
        ("wrong LR", "1.png", "its LR shows another picture"),
        ("wrong LR", "2.png", "its LR shows another picture"),
    ]
