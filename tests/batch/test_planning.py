import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.outputs import Existing, Output
from hatsr.batch.planning import CLIP, check_places, plan


def photo(path: Path, height: int = 6, width: int = 5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., dict[str, PictureRecord]]:
    """Plans `in` (or another input) for `out`; returns all records by source."""

    def make(source: Path | None = None, existing: Existing = "refuse") -> dict[str, PictureRecord]:
        output = Output(place=tmp_path / "out", existing=existing)
        with JobDatabase(tmp_path / "out", create=True) as database:
            plan(database, source or tmp_path / "in", output, "_x2", lambda _: None, lambda _: None)
            states = ("waiting", "done", "skipped", "failed")
            return {e.source: e for state in states for e in database.records(state)}

    return make


def test_sizes_come_from_headers_and_the_tree_is_kept(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    photo(tmp_path / "in/sub/b.jpg", 7, 9)
    header = photo(tmp_path / "in/a.png", 300, 200).read_bytes()[:45]
    (tmp_path / "in/a.png").write_bytes(header)  # no pixels to decode
    (tmp_path / "in/odd.png").write_bytes(b"nothing")
    photo(tmp_path / "in/.hidden/c.png")
    (tmp_path / "in/notes.txt").write_text("")
    (tmp_path / "in/sub/back").symlink_to(tmp_path / "in")
    found = made()
    assert {name: (e.target, e.height, e.width) for name, e in found.items()} == {
        "a.png": ("a_x2.png", 300, 200),
        "odd.png": ("odd_x2.png", 0, 0),
        "sub/b.jpg": ("sub/b_x2.jpg", 7, 9),
    }


def test_results_of_earlier_runs_are_left_out(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    source = photo(tmp_path / "in/a.png")
    image.write(image.read(source), tmp_path / "in/b.png", software="hatsr 0.1.0 (net, x2)")
    assert set(made()) == {"a.png"}


def test_a_folder_that_cannot_be_read_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path / "in/a.png")
    photo(tmp_path / "in/sub/closed/b.png")

    def scan(place: Path) -> object:
        if place.name == "closed":  # the administrator may read everything
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    scandir = os.scandir
    with JobDatabase(tmp_path / "out", create=True) as database:
        monkeypatch.setattr("os.scandir", scan)
        found = plan(database, tmp_path / "in", Output(), "_x2", lambda _: None, lambda _: None)
        assert [record.source for record in database.records("waiting")] == ["a.png"]
    assert found.remarks() == ["1 left out (sub/closed/): folder cannot be read: Permission denied"]


def test_clips_in_a_manifest_fail(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"...")
    photo(tmp_path / "b.png").rename(tmp_path / "b.heic")  # under another name
    (tmp_path / "list.txt").write_text("a.mp4\nb.heic\ngone.mkv\n")
    assert {name: (e.state, e.reason) for name, e in made(tmp_path / "list.txt").items()} == {
        "a.mp4": ("failed", f"{tmp_path}/a.mp4: {CLIP}"),
        "b.heic": ("waiting", ""),
        "gone.mkv": ("failed", f"{tmp_path}/gone.mkv: No such file or directory"),
    }


def test_a_manifest(tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]) -> None:
    for name in ("a.png", "sub/b.png", "../c.png"):
        photo(tmp_path / "lists" / name)
    far = photo(tmp_path / "far/d.png")
    manifest = tmp_path / "lists/all.txt"
    manifest.write_text(f"a.png\n\nsub/b.png\r\n../c.png\n{far}\ngone.png\na.png\n")
    found = made(manifest)
    assert {name: (e.target, e.state) for name, e in found.items()} == {
        "a.png": ("a_x2.png", "waiting"),
        "sub/b.png": ("sub/b_x2.png", "waiting"),
        "../c.png": ("c_x2.png", "waiting"),
        str(far): ("d_x2.png", "waiting"),
        "gone.png": ("gone_x2.png", "failed"),
    }
    assert found["gone.png"].reason == f"{tmp_path}/lists/gone.png: No such file or directory"


def test_what_is_no_file_is_not_read(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    photo(tmp_path / "in/a.png")
    os.mkfifo(tmp_path / "in/pipe.png")
    manifest = tmp_path / "in/list.txt"
    manifest.write_text("a.png\n.\npipe.png\n")
    for source, expected in ((tmp_path / "in", {"pipe.png"}), (manifest, {".", "pipe.png"})):
        failed = {e.source: e.reason for e in made(source).values() if e.state == "failed"}
        assert failed.keys() == expected
        assert all("must be a file, got a folder, a pipe" in why for why in failed.values())


def test_a_manifest_of_other_systems(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png")
    manifest = tmp_path / "list.txt"
    manifest.write_bytes(b"\xef\xbb\xbfa.png\r\n./a.png\r\nb.png\r\n.//b.png\r\n\r\n")
    assert {name: e.state for name, e in made(manifest).items()} == {
        "a.png": "waiting",
        "b.png": "waiting",
    }


@pytest.mark.parametrize("content", ["a.png\n".encode("utf-16"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_what_is_no_manifest(
    content: bytes, tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    manifest = tmp_path / "list.txt"
    manifest.write_bytes(content)
    with pytest.raises(ValueError, match=r"manifest must be a text in UTF-8.*zero byte in line"):
        made(manifest)


@pytest.mark.parametrize(
    ("existing", "state", "reason"),
    [
        ("refuse", "failed", "a_x2.png exists; give --overwrite or --skip-existing"),
        ("skip", "skipped", "exists"),
        ("overwrite", "waiting", ""),
    ],
)
def test_results_that_are_there(
    existing: Existing,
    state: str,
    reason: str,
    tmp_path: Path,
    made: Callable[..., dict[str, PictureRecord]],
) -> None:
    photo(tmp_path / "in/a.png")
    photo(tmp_path / "out/a_x2.png")
    (record,) = made(existing=existing).values()
    assert record.state == state
    assert record.reason.endswith(reason)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_not_replaced(
    link: Callable[..., None], tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    source = photo(tmp_path / "in/a.png")
    (tmp_path / "out").mkdir()
    link(source, tmp_path / "out/a_x2.png")
    (record,) = made(existing="overwrite").values()
    assert "output must not replace an input" in record.reason


def test_planning_again_adds_what_is_new_or_changed(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    photo(tmp_path / "in/a.png")
    photo(tmp_path / "in/b.png")
    made()
    with JobDatabase(tmp_path / "out") as database:
        for _ in range(2):
            taken = database.claim(1)
            assert taken is not None
            database.finish(PictureRecord(**{**vars_of(taken), "state": "done"}))
    photo(tmp_path / "in/b.png", 8, 8)
    photo(tmp_path / "in/c.png")
    assert {name: (e.state, e.height) for name, e in made().items()} == {
        "a.png": ("done", 6),
        "b.png": ("waiting", 8),
        "c.png": ("waiting", 6),
    }


def vars_of(record: PictureRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in PictureRecord.__slots__}  # pyright: ignore


def test_the_output_may_lie_in_the_input(
    tmp_path: Path, made: Callable[..., dict[str, PictureRecord]]
) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "out/b.png")
    assert set(made(tmp_path)) == {"a.png"}


@pytest.mark.parametrize("folder", ["in", "."])
def test_the_output_must_not_hold_the_input(folder: str, tmp_path: Path) -> None:
    photo(tmp_path / "in/a.png")
    with pytest.raises(ValueError, match="output must not hold the input"):
        check_places(tmp_path / "in", tmp_path / folder)
    with pytest.raises(ValueError, match="input must be a folder or a manifest"):
        check_places(tmp_path / "nowhere", tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text.jpg", "picture"),
        ("A.PNG", "picture"),
        ("phone.heic", "picture"),
        ("a.mp4", "clip"),
    ],
)
def test_one_picture_is_no_input(name: str, kind: str, tmp_path: Path) -> None:
    file, words = tmp_path / name, f"{name} is one {kind}; use hatsr upscale"
    file.write_text("hello\n")
    with pytest.raises(ValueError, match=rf"input must be a folder or a manifest.*{words}"):
        check_places(file, tmp_path / "out")
    file.unlink()
    file.mkdir()  # a folder may be called so
    check_places(file, tmp_path / "out")
