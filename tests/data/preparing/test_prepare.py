"""Large pictures are cut as they should be; what fails leaves nothing."""

from pathlib import Path

import numpy as np
import pytest

from hatsr.data.pictures import decode, downsample
from hatsr.data.preparing.prepare import Cut, cuts, prepare, starts

CUT = Cut(size=24, step=12, scales=(2, 4))


def test_starts_cover_the_side() -> None:
    assert starts(24, 24, 12) == [0]
    assert starts(10, 24, 12) == [0]
    assert starts(60, 24, 24) == [0, 24, 36]
    assert starts(61, 24, 24, (8,)) == [0, 24]  # 36 is no multiple of 8


def test_eightfold_lr_is_that_of_its_place(folder: Path) -> None:
    hr = decode(folder / "3.png")  # 60 x 60
    for (top, left), patch, lr in cuts(hr, Cut(size=24, step=24, scales=(8,))):
        assert (top % 8, left % 8) == (0, 0)
        assert patch.shape == (24, 24, 3)
        at = slice(top // 8, top // 8 + 3), slice(left // 8, left // 8 + 3)
        np.testing.assert_array_equal(lr[8], downsample(hr, 8)[at])


def test_counts_of_nothing_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale must be at least 1, got 0"):
        Cut(scales=(0,))
    with pytest.raises(ValueError, match="per_shard must be at least 1, got 0"):
        prepare([folder], tmp_path / "none", CUT, per_shard=0)
    assert not (tmp_path / "none").exists()


def test_broken_and_repeated_are_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "0.png").write_bytes(b"no picture")
    (folder / "9.png").write_bytes((folder / "3.png").read_bytes())
    said: list[str] = []
    done = prepare([folder], tmp_path / "out", CUT, say=said.append)
    assert {Path(name).name for name in done.left_out} == {"0.png", "9.png"}
    assert any("the same picture as" in text for text in said)
    with pytest.raises(ValueError, match="empty folder"):
        prepare([folder], tmp_path / "out", CUT)
    with pytest.raises(ValueError, match="multiples of the scale 3"):
        Cut(size=25, scales=(3,))


def test_a_failed_start_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with pytest.raises(ValueError, match="must exist"):
        prepare([tmp_path / "pisc"], out, CUT)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="usable pictures, got none in 1 files"):
        prepare([broken], out, CUT)
    assert not out.parent.exists()
    assert prepare([folder], out, CUT).cuts > 10


@pytest.mark.parametrize("exists", [True, False])
def test_an_interrupted_start_leaves_nothing(folder: Path, tmp_path: Path, exists: bool) -> None:
    (folder / "9.png").write_bytes(b"no picture")  # the last one, when all others are written

    def interrupt(text: str) -> None:
        assert sum(1 for _ in out.iterdir()) > 3
        raise KeyboardInterrupt

    out = tmp_path / "new" / "out"
    if exists:
        out.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        prepare([folder], out, CUT, per_shard=5, say=interrupt)
    assert (out.exists(), out.parent.exists()) == (exists, exists)
    assert not exists or not list(out.iterdir())


def test_a_full_disk_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            prepare([folder], tmp_path / "out", CUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "out").exists()
