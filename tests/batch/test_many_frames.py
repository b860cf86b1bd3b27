from pathlib import Path

import numpy as np
import pytest
from animations import codes_of, drawing, frames_of, make_animation, make_document
from doubling import Counting
from PIL import Image

from hatsr import image
from hatsr.batch import Outcome, Output, upscale


def run(source: Path, **output: object) -> tuple[Outcome, Counting]:
    upscaler = Counting()
    where = Output(**output)  # pyright: ignore[reportArgumentType]
    return upscale([str(source)], upscaler, where).outcomes[0], upscaler


def doubled(codes: np.ndarray) -> np.ndarray:
    return codes.repeat(2, 0).repeat(2, 1)


@pytest.mark.parametrize(
    ("source", "target"), [("a.gif", "a_x2.png"), ("a.png", "a_x2.png"), ("a.webp", "a_x2.webp")]
)
def test_all_frames_are_enlarged(tmp_path: Path, source: str, target: str) -> None:
    options = {"lossless": True} if source == "a.webp" else {}
    path = make_animation(tmp_path / source, (0, 1, 2, 3), loop=2, **options)
    outcome, upscaler = run(path)
    assert (outcome.status, outcome.target) == ("done", tmp_path / target), outcome.message
    assert outcome.message == "4 frames"
    assert (outcome.lr_size, outcome.sr_size, upscaler.count) == ((18, 20), (36, 40), 4)
    assert [f.seconds for f in frames_of(tmp_path / target)] == [f.seconds for f in frames_of(path)]
    for number, frame in enumerate(frames_of(tmp_path / target)):
        assert np.array_equal(codes_of(frame), doubled(drawing(number)))
    assert image.read_sequence(tmp_path / target).plays == image.read_sequence(path).plays


def test_gif_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.gif", (0, 1, 2, 3))
    for output in ({"place": tmp_path / "b.gif"}, {"ending": ".gif"}):
        outcome, _ = run(path, **output)
        assert outcome.message == "4 frames; colours are reduced to 256 a frame"
        for number, frame in enumerate(frames_of(outcome.target or path)):
            assert np.array_equal(codes_of(frame), doubled(drawing(number)))


def test_frames_like_the_one_before_are_not_computed(tmp_path: Path) -> None:
    path = make_animation(tmp_path / "a.webp", (0, 0, 1, 1), lossless=True)
    count = len(frames_of(path))
    outcome, upscaler = run(path)
    assert upscaler.count == 2
    same = f", {count - 2} of them as the one before" if count > 2 else ""
    assert outcome.message == f"{count} frames{same}"


def test_the_first_frame_alone(tmp_path: Path) -> None:
    outcome, upscaler = run(make_animation(tmp_path / "a.gif"), first_frame=True)
    assert upscaler.count == 1
    assert "animation: only frame 1 of 3 is used" in outcome.message
    assert len(frames_of(tmp_path / "a_x2.png")) == 1


def test_pages_are_enlarged_each_by_itself(tmp_path: Path) -> None:
    path = make_document(tmp_path / "a.tif")
    outcome, _ = run(path)
    assert outcome.status == "done", outcome.message
    assert outcome.message == "3 pages"
    with Image.open(path) as source, Image.open(tmp_path / "a_x2.tif") as result:
        for number in range(3):
            source.seek(number)
            result.seek(number)
            assert np.array_equal(np.asarray(result), doubled(np.asarray(source)))
            assert result.mode == source.mode
            assert result.getexif()[315] == f"Author {number}"
            assert result.info["dpi"] == (200 + 2 * number, 200 + 2 * number)


def test_a_format_of_one_picture_fails_before_the_work(tmp_path: Path) -> None:
    outcome, upscaler = run(make_document(tmp_path / "a.tif"), place=tmp_path / "b.png")
    assert outcome.status == "failed"
    assert "png cannot hold 3 pages of a document; choose .tif, or give --first" in outcome.message
    assert upscaler.count == 0


def test_a_plain_picture_does_not_become_a_gif(tmp_path: Path) -> None:
    Image.fromarray(drawing(0)).save(tmp_path / "a.png")
    outcome, _ = run(tmp_path / "a.png", place=tmp_path / "b.gif")
    assert outcome.status == "failed"
    assert "output file must end with .png" in outcome.message
