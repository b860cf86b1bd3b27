import shutil

import numpy as np
import pytest
from judged import load_pair
from PIL import Image

from hatsr.evaluation.benchmark_pairs import (
    PictureFolder,
    digest,
    read_codes,
)
from hatsr.evaluation.candidates import FolderCandidate


def test_hr_is_cropped_and_lr_made_from_it(folder):
    pair = load_pair(folder / "HR" / "p0.png", "p0", 3)
    assert (pair.hr.shape, pair.lr.shape, pair.gray) == ((48, 60, 3), (16, 20, 3), False)
    assert load_pair(folder / "HR" / "plain.png", "plain", 2).gray


def test_lr_from_a_folder(bench):
    hr, lr_folder = bench / "Set5" / "HR" / "bird.png", bench / "Set5" / "LRbicx4"
    read, made = load_pair(hr, "bird", 4, lr_folder), load_pair(hr, "bird", 4)
    np.testing.assert_array_equal(read.lr, made.lr)


def test_lr_of_another_size(folder):
    lr = folder / "LR"
    lr.mkdir()
    Image.new("RGB", (9, 9)).save(lr / "p0x2.png")
    with pytest.raises(ValueError, match="LR must be 25 x 30, the HR's size over 2, got 9 x 9"):
        load_pair(folder / "HR" / "p0.png", "p0", 2, lr)
    with pytest.raises(ValueError, match="sides of at least 99, got 50 x 61"):
        load_pair(folder / "HR" / "p0.png", "p0", 99)


@pytest.mark.parametrize("file", ["baby.png", "babyx4.png", "baby_HAT_SRx4.png", "baby-sr.bmp"])
def test_a_picture_is_found_under_the_names_programs_give(tmp_path, file):
    for each in (file, "baby2.png", "babylon.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / each)
    assert PictureFolder(tmp_path).find("baby").name == file


@pytest.mark.parametrize("theirs", ["img_2.png", "img_2_HAT.png", "img_2x4.png"])
def test_a_file_belongs_to_the_longest_name_that_it_begins_with(folder, tmp_path, theirs):
    hr, made = folder / "HR", tmp_path / "made"
    made.mkdir()
    for name in ("img.png", "img_2.png"):
        shutil.copy(hr / "p0.png", hr / name)
    shutil.copy(hr / "p0.png", made / theirs)
    short, long = (load_pair(hr / f"{name}.png", name, 1) for name in ("img", "img_2"))
    with pytest.raises(FileNotFoundError, match="no picture of 'img' in"):
        FolderCandidate(made, 1).upscale(short)
    with pytest.raises(FileNotFoundError, match="no picture of 'img' in"):
        load_pair(hr / "img.png", "img", 1, made)
    assert FolderCandidate(made, 1).upscale(long).shape == long.hr.shape
    shutil.copy(hr / "p0.png", made / "img_HAT.png")
    assert FolderCandidate(made, 1).upscale(short).shape == short.hr.shape


def test_an_unclear_or_absent_picture(tmp_path):
    for name in ("baby_a.png", "baby_b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    with pytest.raises(ValueError, match=r"one picture in .*, got baby_a.png, baby_b.png"):
        PictureFolder(tmp_path).find("baby")
    with pytest.raises(FileNotFoundError, match=r"no picture of 'bird' in .*name it bird.png"):
        PictureFolder(tmp_path).find("bird")


def test_the_digest_does_not_depend_on_the_file_format(tmp_path, folder):
    codes, _ = read_codes(folder / "HR" / "p1.png")
    Image.fromarray(codes).save(tmp_path / "p1.bmp")
    again, _ = read_codes(tmp_path / "p1.bmp")
    assert digest(codes) == digest(again)
    assert digest(codes) != digest(codes.reshape(48, 47, 3))
