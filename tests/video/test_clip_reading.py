from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from clip_files import UNEVEN, make_clip, packets_of, scene

from hatsr.video import ClipReader, open_clip


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_frames_and_their_times(tmp_path: Path, ending: str) -> None:
    clip = open_clip(make_clip(tmp_path / f"a{ending}", times=UNEVEN, options={"crf": "1"}))
    shots = list(ClipReader(clip))
    assert [shot.pts * clip.time_base for shot in shots] == [Fraction(t, 1000) for t in UNEVEN]
    for number, shot in enumerate(shots):
        error = np.abs(shot.rgb() * 255 - scene(number))
        assert np.median(error) < 3


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9", "ffv1"])
def test_a_broken_packet_costs_its_frame_only(tmp_path: Path, codec: str) -> None:
    path = make_clip(tmp_path / "a.mkv", codec)
    data, (_, packet) = path.read_bytes(), packets_of(path, "video")[4]
    at, noise = data.index(packet), np.random.default_rng(0).bytes(len(packet))
    path.write_bytes(data[:at] + noise + data[at + len(packet) :])
    reader = ClipReader(open_clip(path))
    shots = list(reader)
    assert len(shots) == 9
    assert shots[-1].pts == 360
    assert reader.notes()[0].startswith("1 packets could not be decoded")


@pytest.mark.parametrize(
    "lost",
    [range(40, 70), range(51, 52), (51, 60, 80)],
    ids=["many in a row", "one", "some"],
)
def test_gaps_of_a_transport_stream(tmp_path: Path, lost: Sequence[int]) -> None:
    """Packets of 188 bytes are lost, as where reception fails."""
    options = {"g": "5", "crf": "1", "bf": "0"}
    path = make_clip(tmp_path / "a.ts", times=range(0, 1600, 40), options=options)
    whole = [shot.pts for shot in ClipReader(open_clip(path))]
    data = path.read_bytes()
    path.write_bytes(
        b"".join(data[at : at + 188] for at in range(0, len(data), 188) if at // 188 not in lost)
    )
    clip = open_clip(path)
    reader = ClipReader(clip)
    times = [shot.pts for shot in reader]
    missing = [index for index, pts in enumerate(whole) if pts not in times]
    assert set(times) < set(whole)
    places = sum(index - 1 not in missing for index in missing)
    first = f"{(whole[missing[0]] - whole[0]) * float(clip.time_base):.1f} s"
    where = f"at {first}" if places == 1 else f"in {places} places from {first} on"
    told = f"{len(missing)} frames are missing {where}: the ones before them stay longer"
    assert told in reader.notes()
    assert reader.lost == 0


def test_times_that_vary_are_no_gaps(tmp_path: Path) -> None:
    reader = ClipReader(open_clip(make_clip(tmp_path / "a.ts", times=UNEVEN)))
    assert len(list(reader)) == len(UNEVEN)
    assert reader.notes() == ()


def test_a_clip_that_breaks_off(tmp_path: Path) -> None:
    times = range(0, 4000, 400)
    path = make_clip(tmp_path / "a.mkv", "ffv1", times=times)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    reader = ClipReader(open_clip(path))
    assert 2 < len(list(reader)) < 8
    assert "frames end" in reader.notes()[-1]
    assert "it may be cut short" in reader.notes()[-1]


def test_frames_that_the_header_promises_are_missed(tmp_path: Path) -> None:
    whole, times = {"crf": "1", "g": "5"}, range(0, 1600, 40)
    path = make_clip(tmp_path / "a.mp4", times=times, index_first=True, options=whole)
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    reader = ClipReader(open_clip(path))
    read = len(list(reader))
    assert 2 < read < 38
    told = f"{40 - read - reader.lost} of 40 frames are missing: the clip may be cut short"
    assert told in reader.notes()


def test_frames_without_times_follow_one_another(tmp_path: Path) -> None:
    clip = open_clip(make_clip(tmp_path / "a.avi", "mpeg4"))
    times = [float(shot.pts * clip.time_base) for shot in ClipReader(clip)]
    assert times == pytest.approx([number / 25 for number in range(10)])
