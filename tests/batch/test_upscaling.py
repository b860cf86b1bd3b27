from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import tiny

from hatsr import image
from hatsr.batch.finding import PictureFile, find_pictures
from hatsr.batch.outputs import Output
from hatsr.batch.upscaling import Outcome, upscale, upscale_files
from hatsr.inference.upscaler import Upscaler


def photo(path: Path, size: tuple[int, int] = (6, 5)) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def run(sources: list[Path], output: Output) -> list[Outcome]:
    pictures = [PictureFile(source) for source in sources]
    return list(upscale_files(Upscaler(tiny(), "tiny"), pictures, output, lambda *_: None))


def test_a_name_that_cannot_be_used_costs_no_other_picture(tmp_path: Path) -> None:
    odd = ["~nobody.png", "n" * 300 + ".png"]
    found = find_pictures([*odd, str(photo(tmp_path / "a.png"))])
    sources = [picture.path for picture in found.pictures]
    assert [p.name for p in sources] == [*odd, "a.png"]
    assert [o.status for o in run(sources, Output(place=tmp_path / "out"))] == [
        "failed",
        "failed",
        "done",
    ]


def test_quality_is_for_formats_that_have_one(tmp_path: Path) -> None:
    sources = [photo(tmp_path / "a.png"), photo(tmp_path / "b.webp")]
    assert [o.status for o in run(sources, Output(quality=50))] == ["done", "done"]


def test_one_bad_file_does_not_cost_the_others(tmp_path: Path) -> None:
    good, other = photo(tmp_path / "a.png"), photo(tmp_path / "z.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(good.read_bytes()[:60])
    found = run([good, bad, tmp_path / "missing.png", other], Output(place=tmp_path / "out"))
    assert [o.status for o in found] == ["done", "failed", "failed", "done"]
    assert "bad.png" in found[1].message
    assert found[0].sr_size == (12, 10)
    with Image.open(tmp_path / "out" / "a_x2.png") as image:
        assert image.size == (10, 12)
        assert "hatsr" in image.info["Software"]
        assert "tiny, x2" in image.info["Software"]


def test_existing_results(tmp_path: Path) -> None:
    source, target = photo(tmp_path / "a.png"), tmp_path / "a_x2.png"
    target.write_text("mine")
    assert run([source], Output())[0].status == "failed"
    assert "give --overwrite or --skip-existing" in run([source], Output())[0].message
    assert run([source], Output(existing="skip"))[0].status == "skipped"
    assert target.read_text() == "mine"
    assert run([source], Output(existing="overwrite"))[0].status == "done"
    assert target.stat().st_size > 100


@pytest.mark.parametrize("existing", ["refuse", "overwrite"])
def test_no_input_is_replaced(tmp_path: Path, existing: str) -> None:
    sources = [photo(tmp_path / "a.png"), photo(tmp_path / "a_x2.png", (3, 3))]
    before = [source.read_bytes() for source in sources]
    (tmp_path / "link.png").symlink_to(sources[0])
    alone = run(sources[:1], Output(place=tmp_path / "link.png", existing=existing))  # pyright: ignore
    both = run(sources, Output(existing=existing))  # pyright: ignore[reportArgumentType]
    assert [o.status for o in (*alone, *both)] == ["failed", "failed", "done"]
    assert "output must not replace an input" in alone[0].message
    assert "output must not replace an input" in both[0].message
    assert [source.read_bytes() for source in sources] == before
    assert run(sources, Output(existing="skip"))[0].status == "skipped"


def test_two_sources_for_one_target(tmp_path: Path) -> None:
    sources = [photo(tmp_path / "a.png"), photo(tmp_path / "a.bmp")]
    found = run(sources, Output())
    assert [o.status for o in found] == ["done", "failed"]
    assert "already goes to" in found[1].message


def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upscaler, "upscale_picture", lambda *_: pytest.fail("too late"))
    outcome = run([photo(tmp_path / "a.png")], Output(place=tmp_path / "a.jpg", quality=1000))[0]
    assert outcome.status == "failed"
    assert "quality must be 1 to 100, got 1000" in outcome.message


def test_a_full_disk_stops_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image, "write", full)
    with pytest.raises(OSError, match="No space"):
        run([photo(tmp_path / "a.png"), photo(tmp_path / "b.png")], Output())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_one_call_returns_what_became_of_all(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "b.heic").write_bytes(b"")
    done = upscale([str(tmp_path)], Upscaler(tiny(), "tiny"), Output(place=tmp_path / "out"))
    assert [(o.source.name, o.status) for o in done.outcomes] == [("a.png", "done")]
    assert [path.name for path in done.found.left_out] == ["b.heic"]
    assert done.stopped is None


def test_a_full_disk_is_returned_with_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path / "a.png")
    monkeypatch.setattr(image, "write", lambda *_, **__: exec("raise OSError(28, 'No space')"))
    done = upscale([str(tmp_path)], Upscaler(tiny(), "tiny"), Output(place=tmp_path / "out"))
    assert done.outcomes == ()
    assert "No space" in str(done.stopped)


def test_nothing_to_enlarge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures in"):
        upscale([str(tmp_path)], Upscaler(tiny(), "tiny"), Output())
