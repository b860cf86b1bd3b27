import os
from pathlib import Path

import pytest

pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from hatsr.files import replacing
from hatsr.video import ClipError, SegmentFolder


def test_the_same_plan_finds_its_segments_again(tmp_path: Path) -> None:
    target, plan = tmp_path / "b.mp4", {"model": ["a", 2], "size": (1, 2)}
    first = SegmentFolder(target, plan, anew=False)
    first.segment(3).write_text("x")
    again = SegmentFolder(target, plan, anew=False)
    assert again.segment(3).read_text() == "x"
    assert not again.segment(4).exists()
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_plan_is_refused_or_begins_anew(tmp_path: Path) -> None:
    target = tmp_path / "b.mp4"
    SegmentFolder(target, {"model": "a", "quality": 90}, anew=False).segment(0).write_text("x")
    other = {"model": "a", "quality": 80}
    with pytest.raises(ClipError, match=r"settings must be those .*b\.mp4\.parts.* another qual"):
        SegmentFolder(target, other, anew=False)
    assert not SegmentFolder(target, other, anew=True).segment(0).exists()
    (tmp_path / "b.mp4.parts" / "plan.json").write_text("{")
    with pytest.raises(ClipError, match="got another plan, or none"):
        SegmentFolder(target, other, anew=False)


def test_a_folder_from_before_there_was_a_plan_is_no_obstacle(tmp_path: Path) -> None:
    half = tmp_path / "b.mp4.parts" / ".plan.1.part"
    half.parent.mkdir()
    half.touch()
    assert SegmentFolder(tmp_path / "b.mp4", {"quality": 90}, anew=False).folder.is_dir()
    assert not half.exists()
    assert not SegmentFolder(tmp_path / "b.mp4", {"quality": 90}, anew=False).segment(0).exists()


def test_what_a_kill_left_half_written_is_removed(tmp_path: Path) -> None:
    parts = SegmentFolder(tmp_path / "b.mp4", {}, anew=False)
    with replacing(parts.segment(0)) as half:
        half.write_text("x")
        half.with_name(half.name.replace(f".{os.getpid()}.", ".1.")).write_text("x")
    parts.segment(0).unlink()
    assert not parts.segment(0).exists()
    assert [path.name for path in parts.folder.iterdir()] == ["plan.json"]
