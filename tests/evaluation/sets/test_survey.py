from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from judged import survey
from PIL import Image

from hatsr.evaluation.benchmark_pairs import (
    digest,
)
from hatsr.evaluation.sets import folders as module
from hatsr.evaluation.sets.known import KnownPicture

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


def test_two_files_of_one_name_are_one_picture(folder):
    Image.new("RGB", (16, 12)).save(folder / "HR" / "p1.bmp")
    found = survey(str(folder))
    assert [entry.path.name for entry in found.entries][:3] == ["p0.png", "p1.bmp", "p2.png"]
    assert found.remarks() == ["mine: not of the set, left out: p1.png"]


def test_a_kind_that_cannot_be_read_is_said(folder):
    (folder / "HR" / "phone.heic").write_bytes(b"0")
    found = survey(str(folder))
    assert not found.complete
    assert "mine: phone.heic cannot be read: its kind cannot be read here" in found.remarks()


def test_a_folder_of_the_users(folder):
    found = survey(str(folder))
    assert (found.name, found.pictures.expected, len(found.entries)) == ("mine", None, 4)
    assert survey(str(folder / "HR")).name == "mine"
    assert found.complete


def test_the_sets_at_hand_are_the_known_ones(bench):
    for name in ("Set5", "Set14"):
        found = survey(name, bench)
        assert found.status().endswith("checksums match")
        assert found.complete
