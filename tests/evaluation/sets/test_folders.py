import pytest
from judged import survey
from PIL import Image

from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.sets.folders import find_sets


@pytest.mark.parametrize("ending", ["png", "avif", "gif", "ppm", "PNG", "webp", "jfif"])
def test_every_kind_of_picture_that_can_be_read_is_one(tmp_path, ending):
    kind = {"ppm": "ppm", "jfif": "jpeg"}.get(ending, ending.lower())
    Image.new("RGB", (16, 12), (9, 9, 9)).save(tmp_path / f"p.{ending}", kind)
    assert [entry.name for entry in survey(str(tmp_path)).entries] == ["p"]


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
    rules = EvaluationSettings(scale=4, lr=lr)
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
        find_sets([data], tmp_path / root, EvaluationSettings(scale=4, lr=lr))


def test_a_root_that_is_not_asked_for_may_be_missing(folder):
    assert (
        find_sets([str(folder)], folder / "nowhere", EvaluationSettings(scale=4))[0][0].name
        == "mine"
    )


def test_a_set_by_another_folder_name_without_hr_inside(tmp_path):
    (tmp_path / "B100").mkdir()
    Image.new("RGB", (16, 12)).save(tmp_path / "B100" / "1.png")
    found = survey("BSD100", tmp_path)
    assert (found.name, found.pictures.home) == ("BSD100", tmp_path / "B100")
    assert not found.complete


def test_a_missing_set_says_how_to_obtain_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Manga109 is missing.*109 pictures.*manga109"):
        survey("Manga109", tmp_path)
    with pytest.raises(ValueError, match="no data root is given"):
        survey("Urban100", None)
    with pytest.raises(ValueError, match=r"one of Set5, .* or a folder, got 'Set6'"):
        survey("Set6", tmp_path)
