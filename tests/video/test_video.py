from pathlib import Path

import pytest
from doubling import Counting

from hatsr import video
from hatsr.batch import Output, upscale


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"clips need PyAV, .*: pip install 'hat-sr\[video\]'"):
        _ = video.open_clip
    (tmp_path / "a.mp4").write_bytes(b"x")
    (outcome,) = upscale([str(tmp_path / "a.mp4")], Counting(), Output()).outcomes
    assert (outcome.status, outcome.target) == ("failed", tmp_path / "a_x2.mp4")
    assert "pip install 'hat-sr[video]'" in outcome.message
