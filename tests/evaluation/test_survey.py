import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr.evaluation.candidates import Pictures
from hatsr.evaluation.pairs import (
    HRPicture,
    Pair,
    PairRule,
    PictureFolder,
    digest,
    read_codes,
)
from hatsr.evaluation.results import Rules
from hatsr.evaluation.sets import folders as module
from hatsr.evaluation.sets.folders import BENCHMARKS, KnownPicture, find_sets, known_pictures
from hatsr.evaluation.sets.survey import Survey

FOUR = Rules(scale=4)
NAMES = ("baby", "bird", "butterfly", "head", "woman")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with a Set5 of noise, whose checksums pass for the known ones."""
    hr = tmp_path / "Set5" / "HR"
    hr.mkdir(parents=True)
    known: dict[str, KnownPicture] = {}
    for seed, name in enumerate(NAMES):
        codes = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(codes).save(hr / f"{name}.png")
        known[digest(codes)] = KnownPicture(name=name, height=12, width=16)

    def pretend(name: str) -> Mapping[str, KnownPicture]:
        return known if name == "Set5" else {}

    monkeypatch.setattr(module, "known_pictures", pretend)
    return tmp_path


def survey(data: str, root: Path | None = None, rules: Rules = FOUR) -> Survey:
    """Of one set, all of whose pictures were read."""
    (pictures,), _ = find_sets([data], root, rules)
    found = Survey(pictures)
    assert len(list(found.pairs(pictures.pair_rule(rules)))) == len(pictures.files)
    return found


def load_pair(path: Path, name: str, scale: int, lr_folder: Path | None = None) -> Pair:
    codes, gray = read_codes(path)
    rule = PairRule(
        data="mine",
        scale=scale,
        lr_folder=lr_folder and PictureFolder(lr_folder),
        files=frozenset(each.stem for each in path.parent.iterdir()),
    )
    return rule.pair(HRPicture(path=path, codes=codes, gray=gray), name)


def test_a_whole_set(root):
    found = survey("set5", root)
    assert [entry.name for entry in found.entries] == list(NAMES)
    assert found.complete
    assert not found.remarks()
    assert found.status() == "Set5: 5 of 5 pictures, checksums match"


def test_missing_corrupt_and_extra_files_cost_only_themselves(root):
    hr = root / "Set5" / "HR"
    (hr / "bird.png").unlink()
    (hr / "head.png").write_bytes((hr / "head.png").read_bytes()[:200])
    Image.new("RGB", (16, 12)).save(hr / "holiday.png")
    (hr / "notes.txt").write_text("not a picture")
    found = survey("Set5", root)
    assert [entry.name for entry in found.entries] == ["baby", "butterfly", "woman"]
    assert not found.complete
    said = "\n".join(found.remarks())
    assert "head.png cannot be read: PNG is cut short" in said
    assert "missing: bird\n" in said
    assert "not of the set, left out: holiday.png" in said
    assert "only 3 of 5: not comparable" in said


def test_pictures_are_known_by_their_pixels(root):
    hr = root / "Set5" / "HR"
    (hr / "bird.png").rename(hr / "img_002.png")
    found = survey("Set5", root)
    assert found.complete
    assert {entry.name: entry.path.name for entry in found.entries}["bird"] == "img_002.png"


def test_altered_pictures_are_used_and_named(root):
    hr = root / "Set5" / "HR"
    Image.new("RGB", (16, 12)).save(hr / "bird.png")
    Image.new("RGB", (12, 12)).save(hr / "head.png")
    found = survey("Set5", root)
    assert found.complete
    remark = "other copies than ours: bird (other pixels), head (12 x 12, not 12 x 16)"
    assert found.remarks() == [f"Set5: {remark}"]
    assert found.status() == "Set5: 5 of 5 pictures"


def test_another_edition_under_other_names_is_taken_whole(root):
    hr = root / "Set5" / "HR"
    for index, path in enumerate(sorted(hr.iterdir())):
        path.unlink()
        Image.new("RGB", (16, 12), (index, 0, 0)).save(hr / f"img_{index}.png")
    found = survey("Set5", root)
    assert len(found.entries) == 5
    assert found.complete
    assert "other edition" in found.remarks()[-1]


def test_a_stranger_read_before_the_pictures_of_a_renamed_set_is_left_out(root):
    hr = root / "Set5" / "HR"
    for index, path in enumerate(sorted(hr.iterdir())):
        path.rename(hr / f"img_{index}.png")
    Image.new("RGB", (16, 12)).save(hr / "a.png")
    found = survey("Set5", root)
    assert [entry.name for entry in found.entries] == list(NAMES)
    assert found.complete
    assert found.remarks() == ["Set5: not of the set, left out: a.png"]


@pytest.mark.parametrize("ending", ["png", "avif", "gif", "ppm", "PNG", "webp", "jfif"])
def test_every_kind_of_picture_that_can_be_read_is_one(tmp_path, ending):
    kind = {"ppm": "ppm", "jfif": "jpeg"}.get(ending, ending.lower())
    Image.new("RGB", (16, 12), (9, 9, 9)).save(tmp_path / f"p.{ending}", kind)
    assert [entry.name for entry in survey(str(tmp_path)).entries] == ["p"]


def test_a_kind_that_cannot_be_read_is_said(folder):
    (folder / "HR" / "phone.heic").write_bytes(b"0")
    found = survey(str(folder))
    assert not found.complete
    assert "mine: phone.heic cannot be read: its kind cannot be read here" in found.remarks()


@pytest.mark.parametrize(
    ("names", "lr", "chosen"),
    [
        (["GTmod12"], "", "GTmod12"),
        (["gtmod4", "LRbicx4"], "", "gtmod4"),
        (["GTmod4", "GTmod12"], "", "GTmod12"),
        (["GTmod12", "original", "LRbicx4"], "", "original"),
        (["GTmod12", "original", "LRbicx4"], "LRbicx4", "GTmod12"),
        (["HR", "GT", "LRbicx4"], "LRbicx4", "HR"),
        (["image_SRF_2", "image_SRF_4"], "", "image_SRF_4"),
    ],
)
def test_layouts_of_other_programs(tmp_path, names, lr, chosen):
    for name in names:
        (tmp_path / "Set5" / name).mkdir(parents=True)
        Image.new("RGB", (16, 12)).save(tmp_path / "Set5" / name / "baby.png")
    rules = Rules(scale=4, lr=lr)
    (found,), _ = find_sets(["Set5"], tmp_path, rules)
    (mine,), _ = find_sets([str(tmp_path / "Set5" / chosen)], None, rules)
    for each in (found, mine):
        assert (each.name, each.home) == ("Set5", tmp_path / "Set5")
        assert each.files == (tmp_path / "Set5" / chosen / "baby.png",)


@pytest.mark.parametrize(
    ("files", "high"),
    [
        (["a_HR", "a_LR", "a_bicubic", "b_HR", "b_LR"], ["a_HR", "b_HR"]),
        (["a", "a_LR", "b_lrx4", "b"], ["a", "b"]),
        (["a_LR", "b_LR"], ["a_LR", "b_LR"]),
        (["THR", "pillar"], ["THR", "pillar"]),
    ],
)
def test_lr_beside_hr_is_not_taken_for_hr(tmp_path, files, high):
    for file in files:
        Image.new("RGB", (16, 12)).save(tmp_path / f"{file}.png")
    found = survey(str(tmp_path))
    assert [entry.name for entry in found.entries] == sorted(high)
    left = [f"{file}.png" for file in sorted(files) if file not in high]
    sentences = [f"{tmp_path.name}: not HR, left out: {', '.join(left)}"] if left else []
    assert found.remarks() == sentences


@pytest.mark.parametrize(
    ("data", "root", "lr", "error", "message"),
    [
        ("Set5", "", "", FileNotFoundError, r"Set5 is missing: no pictures in .*Set5 and none in "
         r"its folders HR, original, GT, .*GTmod2 \(its folders are: HR, LRbicx4\)"),
        ("Set5/HR", "", "", ValueError, r"data must hold pictures, got no pictures in Set5/HR .*"),
        ("phone", "", "", ValueError, r"got no pictures in phone .*none, and a.heic\)"),
        ("Set5", "nowhere", "", ValueError, "data root must be a folder .*, got .*nowhere"),
        ("mine", "", "typo", ValueError, "LR must be a folder, alone or inside .*got 'typo'"),
    ],
)  # fmt: skip
def test_what_was_looked_for_is_said(folder, tmp_path, monkeypatch, data, root, lr, error, message):
    monkeypatch.chdir(tmp_path)
    for empty in ("Set5/HR", "Set5/LRbicx4", "phone"):
        (tmp_path / empty).mkdir(parents=True)
    (tmp_path / "phone" / "a.heic").write_bytes(b"0")
    with pytest.raises(error, match=message):
        find_sets([data], tmp_path / root, Rules(scale=4, lr=lr))


def test_a_set_by_another_folder_name_without_hr_inside(tmp_path):
    (tmp_path / "B100").mkdir()
    Image.new("RGB", (16, 12)).save(tmp_path / "B100" / "1.png")
    found = survey("BSD100", tmp_path)
    assert (found.name, found.pictures.home) == ("BSD100", tmp_path / "B100")
    assert not found.complete


def test_a_folder_of_the_users(folder):
    found = survey(str(folder))
    assert (found.name, found.pictures.expected, len(found.entries)) == ("mine", None, 4)
    assert survey(str(folder / "HR")).name == "mine"
    assert found.complete


def test_a_missing_set_says_how_to_obtain_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Manga109 is missing.*109 pictures.*manga109"):
        survey("Manga109", tmp_path)
    with pytest.raises(ValueError, match="no data root is given"):
        survey("Urban100", None)
    with pytest.raises(ValueError, match=r"one of Set5, .* or a folder, got 'Set6'"):
        survey("Set6", tmp_path)


def test_known_checksums_cover_the_sets_we_have():
    assert [len(known_pictures(name)) for name in BENCHMARKS] == [5, 14, 100, 0, 0]


def test_the_sets_at_hand_are_the_known_ones(bench):
    for name in ("Set5", "Set14"):
        found = survey(name, bench)
        assert found.status().endswith("checksums match")
        assert found.complete


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
        Pictures(made, 1).enlarge(short)
    with pytest.raises(FileNotFoundError, match="no picture of 'img' in"):
        load_pair(hr / "img.png", "img", 1, made)
    assert Pictures(made, 1).enlarge(long).shape == long.hr.shape
    shutil.copy(hr / "p0.png", made / "img_HAT.png")
    assert Pictures(made, 1).enlarge(short).shape == short.hr.shape


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
