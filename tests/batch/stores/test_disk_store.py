"""What a folder on a disk is asked beside what `test_store.py` asks of every store."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hatsr import image
from hatsr.batch.finding import LeftOut
from hatsr.batch.stores import DiskStore, FileFacts

GRAY = image.encode(image.from_array(np.zeros((3, 4), np.uint8)), "png")


def test_folders_that_lead_to_themselves_are_walked_once(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    for name in ("b/c.png", "b/a.png", "a.png", "z.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b/back").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "b")
    found = [name for name, _ in store.pictures(DiskStore(tmp_path / "elsewhere"), LeftOut())]
    assert found == ["a.png", "z.png", "b/a.png", "b/c.png", "other/a.png", "other/c.png"]


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"12345")
    os.utime(tmp_path / "a.png", ns=(0, 1_700_000_000_123_456_000))
    assert DiskStore(tmp_path).facts("a.png") == FileFacts(5, 1_700_000_000_123_456_000)


def test_what_is_no_file_has_no_facts(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="must be a file, got a folder, a pipe or a device"):
        DiskStore(tmp_path).facts(".")


def test_size_is_that_of_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(GRAY[:45])  # no pixels to decode
    (tmp_path / "b.png").write_bytes(b"nothing")
    assert [DiskStore(tmp_path).size(name) for name in ("a.png", "b.png")] == [(3, 4), (0, 0)]


def test_a_result_is_known_by_its_header(tmp_path: Path) -> None:
    picture = image.from_array(np.zeros((3, 4), np.uint8))
    image.write(picture, tmp_path / "a.png", software="hatsr 0.1.0 (net, x2)")
    image.write(picture, tmp_path / "b.png", software=None)
    assert [DiskStore(tmp_path).is_result(name) for name in ("a.png", "b.png")] == [True, False]


@pytest.mark.parametrize(
    ("link", "expected"), [(os.link, True), (os.symlink, True), (None, False)], ids=str
)
def test_what_a_result_would_replace(
    link: Callable[..., None] | None, expected: bool, tmp_path: Path
) -> None:
    """A link to a picture is the picture; a symbolic link may lead to any."""
    source, store = tmp_path / "a.png", DiskStore(tmp_path)
    source.write_bytes(GRAY)
    if link is None:
        (tmp_path / "a_x2.png").write_bytes(GRAY)
    else:
        link(source, tmp_path / "a_x2.png")
    assert store.would_replace("a_x2.png", source) is expected
    assert not store.would_replace("a_x2.png", "memory://a.png")


def test_a_result_goes_where_a_link_leads(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "out")
    (tmp_path / "far").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").symlink_to(tmp_path / "far/b.png")
    part, stamp = store.write("a.png", GRAY)
    store.commit("a.png", part)
    assert (tmp_path / "far/b.png").read_bytes() == GRAY
    assert (tmp_path / "out/a.png").is_symlink()
    assert stamp == store.stamp("a.png")


def test_a_folder_is_made_and_one_in_the_place_of_a_result_is_refused(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.prepare("sub/deep/a.png")
    assert list((tmp_path / "sub/deep").iterdir()) == []
    with pytest.raises(OSError, match="sub"):
        store.prepare("sub")


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"a\.png could not be written: No space left on device"):
        DiskStore(tmp_path).write("a.png", GRAY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, True),
        (errno.EROFS, True),
        (errno.EIO, True),
        (errno.EFBIG, True),
        (errno.ENAMETOOLONG, False),
        (errno.EISDIR, False),
    ],
)
def test_errors_that_the_next_picture_would_meet(
    number: int, expected: bool, tmp_path: Path
) -> None:
    assert DiskStore(tmp_path).is_stopping(OSError(number, "")) is expected
    assert DiskStore(tmp_path / "gone").is_stopping(OSError(number, ""))
