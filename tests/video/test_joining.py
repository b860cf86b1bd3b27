from fractions import Fraction
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from clip_files import (  # noqa: E402
    STEADY,
    UNEVEN,
    gaps,
    make_clip,
    packets_of,
    pixels_of,
    times_of,
)

from hatsr import video  # noqa: E402

QUIET = {"x265-params": "log-level=error"}


def doubled(source: Path, target: Path, quality: int | None = None, frames: int = 4) -> list[str]:
    """Enlarge by repeating pixels, in segments of so many frames; returns what is lost."""
    clip = video.open_clip(source)
    size = 2 * clip.height, 2 * clip.width
    encoding = video.choose_encoding(clip, target.suffix, size, quality)
    segments, last = [], 0
    groups = groupby(enumerate(video.ClipReader(clip)), key=lambda pair: pair[0] // frames)
    for number, shots in groups:
        segments.append(target.with_name(f"{target.name}{number}.nut"))
        with video.writing_segment(segments[-1], clip, encoding) as segment:
            for _, shot in shots:
                segment.write(shot.rgb().repeat(2, 0).repeat(2, 1), shot.pts)
                last = shot.duration
    return list(
        video.join(clip, encoding, segments, target, last_duration=last, software="hatsr 1")
    )


@pytest.mark.parametrize("times", [STEADY, UNEVEN])
@pytest.mark.parametrize(
    ("codec", "sound", "source", "target", "quality"),
    [
        ("libx264", "aac", "a.mp4", "b.mp4", None),
        ("libx264", "aac", "a.mp4", "b.mov", None),
        ("libx264", "flac", "a.mkv", "b.mkv", None),
        ("libvpx-vp9", "libopus", "a.webm", "b.webm", None),
        ("libvpx-vp9", "libopus", "a.mkv", "b.mkv", 100),
        ("libx265", "aac", "a.mp4", "b.mp4", None),
    ],
)
def test_times_sound_and_pixels_are_kept(
    tmp_path: Path,
    times: tuple[int, ...],
    codec: str,
    sound: str,
    source: str,
    target: str,
    quality: int | None,
) -> None:
    options = QUIET if codec == "libx265" else {}
    clip = make_clip(tmp_path / source, codec, times=times, sound=sound, options=options)
    result = tmp_path / target
    assert doubled(clip, result, quality) == []
    assert times_of(result) == times_of(clip)
    assert packets_of(result, "audio") == packets_of(clip, "audio")
    with av.open(clip) as before, av.open(result) as after:
        assert after.metadata["title"] == before.metadata["title"] == "A box"
        ours, theirs = after.streams.video[0], before.streams.video[0]
        assert target == "b.mov" or ours.metadata["language"] == "deu"
        if times == STEADY:
            assert ours.average_rate == theirs.average_rate
            assert after.duration == pytest.approx(before.duration, abs=2000)
    for ours, theirs in zip(pixels_of(result), pixels_of(clip), strict=True):
        assert ours.shape == (48, 64, 3)
        error = np.abs(ours[::2, ::2].astype(int) - theirs)
        assert error.mean() < 5


def test_a_shift_of_all_streams_keeps_them_together(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound="aac")
    result = tmp_path / "b.mkv"  # sound begins before 0, which Matroska cannot say
    doubled(clip, result)
    assert gaps(times_of(result)) == gaps(times_of(clip))
    assert float(lead(result)) == pytest.approx(float(lead(clip)), abs=0.001)


def lead(path: Path) -> Fraction:
    """From the first packet of sound to the first frame, seconds."""
    with av.open(path) as container:
        sound = next(iter(container.demux(audio=0)))
        return times_of(path)[0] - sound.pts * sound.time_base


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.mov"])
@pytest.mark.parametrize("tags", [(9, 16, 9, 1), (1, 1, 1, 2), (5, 6, 5, 1)])
def test_colours_aspect_and_rotation_are_kept(
    tmp_path: Path, name: str, tags: tuple[int, int, int, int]
) -> None:
    aspect = Fraction(4, 3)
    clip = make_clip(tmp_path / "a.mp4", tags=tags, aspect=aspect, degrees=90)
    doubled(clip, tmp_path / name)
    with av.open(tmp_path / name) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range) == tags
        assert stream.sample_aspect_ratio == aspect
        assert frame.rotation == 90


@pytest.mark.parametrize("quality", [None, 100])
def test_ten_bits(tmp_path: Path, quality: int | None) -> None:
    clip = make_clip(tmp_path / "a.mkv", "ffv1", pixels="yuv420p10le", tags=(9, 14, 9, 1))
    doubled(clip, tmp_path / "b.mkv", quality)
    with av.open(tmp_path / "b.mkv") as after, av.open(clip) as before:
        for ours, theirs in zip(after.decode(video=0), before.decode(video=0), strict=True):
            assert ours.format.name == "yuv420p10le"
            light = ours.to_ndarray()[:48:2].astype(int)[:, ::2]
            error = np.abs(light - theirs.to_ndarray()[:24])
            assert np.quantile(error, 0.9) <= (1 if quality else 8)


def test_equal_segments_make_equal_files(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", sound="flac")
    for name in ("b.mkv", "c.mkv"):
        doubled(clip, tmp_path / name)
    assert (tmp_path / "b.mkv").read_bytes() == (tmp_path / "c.mkv").read_bytes()


def test_what_a_container_cannot_hold_is_named(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound="aac")
    assert doubled(clip, tmp_path / "b.webm") == ["audio (aac) does not go into webm: left out"]
    assert times_of(tmp_path / "b.webm") == times_of(clip)


def test_chapters_subtitles_and_attachments(tmp_path: Path) -> None:
    plain, clip = make_clip(tmp_path / "plain.mkv"), tmp_path / "a.mkv"
    chapter = {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000)}
    with av.open(plain) as source, av.open(clip, "w") as container:
        frames = container.add_stream_from_template(source.streams.video[0], opaque=True)
        words = container.add_mux_stream("subrip", time_base=Fraction(1, 1000))
        words.metadata["language"] = "eng"
        container.add_attachment("font.ttf", "font/ttf", b"a font")
        container.set_chapters([{**chapter, "metadata": {"title": "One"}}])
        for packet in source.demux(video=0):
            if packet.dts is not None or packet.pts is not None:
                packet.stream = frames
                container.mux(packet)
        line = av.Packet(b"Hello")
        line.pts = line.dts = 120
        line.duration, line.time_base, line.stream = 80, Fraction(1, 1000), words
        container.mux(line)
    doubled(clip, tmp_path / "b.mkv")
    assert packets_of(tmp_path / "b.mkv", "subtitle") == packets_of(clip, "subtitle")
    with av.open(tmp_path / "b.mkv") as result, av.open(clip) as source:
        titles = [each["metadata"]["title"] for each in result.chapters()]
        assert titles == [each["metadata"]["title"] for each in source.chapters()] == ["One"]
        kinds = {stream.type: stream for stream in result.streams}
        assert kinds["attachment"].data == b"a font"
        assert kinds["subtitle"].metadata["language"] == "eng"
