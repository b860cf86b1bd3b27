"""Segments: whole or not there, each decoded alone, with the clip's times and colours."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from clip_files import UNEVEN, make_clip, pixels_of, scene  # noqa: E402

from hatsr import video  # noqa: E402
from hatsr.video.segments import segment_packets  # noqa: E402


def write(source: Path, target: Path, times: Sequence[int], quality: int | None = 100) -> Path:
    """A segment of the scene at its own size, one pixel more at each far side."""
    clip = video.open_clip(source)
    encoding = video.choose_encoding(clip, ".mkv", (clip.height, clip.width), quality)
    with video.writing_segment(target, clip, encoding) as segment:
        for number, time in enumerate(times):
            rgb = np.pad(scene(number), ((0, 1), (0, 1), (0, 0)), "edge")
            segment.write(rgb.astype(np.float32) / 255, time)
    return target


@pytest.mark.parametrize("quality", [None, 100])
def test_times_are_those_of_the_clip_and_pixels_are_cut(
    tmp_path: Path, quality: int | None
) -> None:
    source = make_clip(tmp_path / "a.mkv", times=UNEVEN)
    path = write(source, tmp_path / "0.nut", UNEVEN[3:], quality)
    base = video.open_clip(source).time_base
    assert base == Fraction(1, 1000)
    assert sorted(pts for pts, _ in segment_packets(path, base)) == list(UNEVEN[3:])
    fine = [pts for pts, _ in segment_packets(path, Fraction(1, 90000))]
    assert sorted(fine) == [90 * time for time in UNEVEN[3:]]
    assert all(p.time_base == base and p.pts == pts for pts, p in segment_packets(path, base))
    for number, pixels in enumerate(pixels_of(path)):
        assert np.abs(pixels.astype(int) - scene(number)).mean() < 6


def test_each_is_decoded_alone(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mkv")
    for number in range(2):
        path = write(source, tmp_path / f"{number}.nut", (400 * number, 400 * number + 40), None)
        (_, first), *_ = segment_packets(path, Fraction(1, 1000))
        assert first.is_keyframe
        assert len(pixels_of(path)) == 2


@pytest.mark.parametrize("tags", [(9, 16, 9, 1), (1, 1, 1, 2), (5, 6, 5, 1)])
def test_colours_and_shape_of_pixels_are_told(
    tmp_path: Path, tags: tuple[int, int, int, int]
) -> None:
    source = make_clip(tmp_path / "a.mkv", tags=tags, aspect=Fraction(4, 3))
    with av.open(write(source, tmp_path / "0.nut", (0, 40), None)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range) == tags
        assert stream.sample_aspect_ratio == Fraction(4, 3)


def test_a_segment_that_is_broken_off_is_not_there(tmp_path: Path) -> None:
    source, path = make_clip(tmp_path / "a.mkv"), tmp_path / "0.nut"
    clip = video.open_clip(source)
    encoding = video.choose_encoding(clip, ".mkv", (clip.height, clip.width))

    def break_off() -> None:
        with video.writing_segment(path, clip, encoding) as segment:
            segment.write(scene(0).astype(np.float32) / 255, 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert sorted(tmp_path.iterdir()) == [source]
