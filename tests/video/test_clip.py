from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from clip_files import make_clip

from hatsr.video import ClipError, open_clip
from hatsr.video.colours import ColourTags


def test_what_a_clip_says(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "a.mp4",
        tags=(9, 16, 9, 2),
        aspect=Fraction(4, 3),
        degrees=90,
        pixels="yuv422p10le",
        codec="libx265",
        options={"x265-params": "log-level=error"},
    )
    clip = open_clip(path)
    assert (clip.height, clip.width, clip.frames, clip.rate) == (24, 32, 10, 25)
    assert clip.seconds == pytest.approx(0.4)
    assert (clip.codec, clip.is_lossy, clip.bits, clip.chroma_subsampling) == (
        "hevc",
        True,
        10,
        "422",
    )
    assert clip.tags == ColourTags(primaries=9, transfer=16, matrix=9, full_range=True)
    assert clip.aspect == Fraction(4, 3)
    assert clip.display_matrix is not None
    assert clip.display_matrix[1] == -65536
    assert clip.notes == ()


def test_what_a_clip_does_not_say(tmp_path: Path) -> None:
    clip = open_clip(make_clip(tmp_path / "a.mkv", "ffv1"))
    assert (clip.is_lossy, clip.aspect, clip.display_matrix) == (False, None, None)
    assert clip.tags == ColourTags()
    assert clip.working_tags == clip.written_tags == ColourTags(matrix=6)


def test_rgb_is_written_as_light_and_colour(tmp_path: Path) -> None:
    clip = open_clip(make_clip(tmp_path / "a.mkv", "ffv1", pixels="bgr0"))
    assert clip.tags.matrix == 0
    assert clip.written_tags == ColourTags(primaries=2, transfer=2, matrix=1)


def test_transparency_is_named(tmp_path: Path) -> None:
    clip = open_clip(make_clip(tmp_path / "a.mkv", "ffv1", pixels="yuva420p"))
    assert clip.notes == ("transparency is left out",)


def test_what_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(ClipError, match="file is empty"):
        open_clip(path)
    path.write_bytes(b"no clip at all" * 100)
    with pytest.raises(ClipError, match=r"a\.mp4: file must be a whole clip, got Invalid data"):
        open_clip(path)
    with pytest.raises(FileNotFoundError):
        open_clip(tmp_path / "missing.mp4")


def test_sound_alone(tmp_path: Path) -> None:
    import av
    from clip_files import add_tone

    path = tmp_path / "a.mp4"
    with av.open(path, "w") as container:
        add_tone(container, container.add_stream("aac", 48000, layout="mono"))
    with pytest.raises(ClipError, match="clip must have frames, got audio alone"):
        open_clip(path)


def test_a_clip_cut_short_before_its_index(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ClipError, match="file must be a whole clip"):
        open_clip(path)
