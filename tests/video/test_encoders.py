from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from hatsr.video import Clip, choose_encoding
from hatsr.video.colours import ColourTags

CLIP = Clip(
    path=Path("a.mp4"),
    height=24,
    width=32,
    frames=10,
    seconds=0.4,
    time_base=Fraction(1, 1000),
    rate=Fraction(25),
    codec="h264",
    is_lossy=True,
    bits=8,
    chroma_subsampling="420",
    tags=ColourTags(),
    aspect=None,
    display_matrix=None,
)
SIZE = 96, 128


@pytest.mark.parametrize(
    ("ending", "changes", "quality", "words"),
    [
        (".mp4", {}, None, "libx264 crf 16, 8 bits 420"),
        (".mov", {}, 99, "libx264 crf 12, 8 bits 420"),
        (".mkv", {"chroma_subsampling": "444"}, 1, "libx264 crf 51, 8 bits 444"),
        (".mp4", {"codec": "hevc"}, None, "libx265 crf 16, 8 bits 420"),
        (".m4v", {"bits": 10}, None, "libx265 crf 16, 10 bits 420"),
        (".mkv", {"bits": 12}, None, "libx265 crf 16, 10 bits 420"),
        (".mkv", {"bits": 12}, 100, "ffv1 without loss, 12 bits 420"),
        (".webm", {"bits": 10}, None, "libvpx-vp9 crf 20, 8 bits 420"),
    ],
)
def test_the_encoder(
    ending: str, changes: dict[str, object], quality: int | None, words: str
) -> None:
    clip = replace(CLIP, **changes)  # pyright: ignore[reportArgumentType]
    found = choose_encoding(clip, ending, SIZE, quality)
    assert str(found) == words
    assert (found.height, found.width) == SIZE
    lost = clip.bits - found.bits
    assert found.notes == ((f"{clip.bits} bits become {found.bits}",) if lost else ())


@pytest.mark.parametrize(
    ("chroma_subsampling", "size", "kept"),
    [("420", (73, 97), (72, 96)), ("422", (73, 97), (73, 96)), ("444", (73, 97), (73, 97))],
)
def test_sides_are_even_where_they_must_be(
    chroma_subsampling: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    found = choose_encoding(replace(CLIP, chroma_subsampling=chroma_subsampling), ".mp4", size)
    assert (found.height, found.width) == kept
    assert ("sides must be even" in " ".join(found.notes)) == (size != kept)


@pytest.mark.parametrize(
    ("ending", "changes", "quality", "message"),
    [
        (".mp4", {}, 0, "quality must be 1 to 100, got 0"),
        (".mp4", {}, 100, r"quality 100 is without loss and needs \.mkv, got \.mp4; take 99"),
        (".avi", {}, None, r"a clip must end in \.mp4, .*, got \.avi"),
        (".webm", {"aspect": Fraction(4, 3)}, None, "pixels must be square for libvpx-vp9"),
        (".mkv", {"aspect": Fraction(4, 3)}, 100, r"choose \.mp4, or \.mkv with a quality below"),
    ],
)
def test_what_a_container_cannot_hold(
    ending: str, changes: dict[str, object], quality: int | None, message: str
) -> None:
    clip = replace(CLIP, **changes)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=message):
        choose_encoding(clip, ending, SIZE, quality)
