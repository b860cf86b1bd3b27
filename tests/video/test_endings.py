"""Endings of clips."""

import pytest

from hatsr import image, video


def test_endings_are_known_without_pyav() -> None:
    assert video.CLIPS >= set(video.CONTAINERS) >= {".mp4", ".mkv", ".webm"}
    assert 1 <= video.DEFAULT_QUALITY <= 100


def test_no_file_is_a_clip_and_a_picture() -> None:
    assert not video.CLIPS & (image.READABLE | set(image.SEQUENCE_FORMATS))
    assert all(each == each.lower() and each.startswith(".") for each in video.CLIPS)


@pytest.mark.parametrize("ending", video.CONTAINERS)
def test_ffmpeg_writes_each_container_by_its_ending(ending: str) -> None:
    av = pytest.importorskip("av", reason="clips need the extra hat-sr[video]")
    container = av.ContainerFormat(video.CONTAINERS[ending], "w")
    assert container.is_output
    apple = {".m4v": "mp4"}  # Apple's name of it, by which FFmpeg would choose a raw stream
    assert apple.get(ending, ending.removeprefix(".")) in container.extensions
