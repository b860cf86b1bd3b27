"""What a container lets a process use."""

import os
from pathlib import Path

import pytest

from hatsr import container
from hatsr.container import control_groups, processors


def test_groups_around_a_job_count_too(tmp_path: Path) -> None:
    listed = tmp_path / "cgroup"
    listed.write_text("1:name=systemd:/other\n0::/system.slice/job_1\n")
    root = Path("/sys/fs/cgroup")
    assert control_groups(listed) == [root / "system.slice/job_1", root / "system.slice", root]
    assert control_groups(tmp_path / "none") == [root]


@pytest.mark.parametrize(
    ("own", "around", "count"),
    [
        ("50000 100000", "max 100000", 1),
        ("150000 100000", "max 100000", 2),
        ("800000 100000", "50000 100000", 1),
        ("800000 100000", "max 100000", 4),
        ("max 100000", "max 100000", 4),
        ("", "", 4),
    ],
)
def test_processors_are_no_more_than_the_share_of_any_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, around: str, count: int
) -> None:
    groups = [tmp_path / "job", tmp_path]
    groups[0].mkdir()
    for group, text in zip(groups, (own, around), strict=True):
        (group / "cpu.max").write_text(text)
    monkeypatch.setattr(container, "control_groups", lambda: groups)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    assert processors() == count
