import errno
import os
import sys
from pathlib import Path

import pytest

from hatsr.files import (
    check_not_input,
    check_place,
    check_replaceable,
    message_of,
    replacing,
    temporary_name,
)


def write(path: Path, content: str = "new", error: BaseException | None = None) -> None:
    with replacing(path) as part:
        part.write_text(content)
        if error is not None:
            raise error


@pytest.mark.parametrize("name", ["a", "a" * 240, "a" * 251 + ".png", "é" * 125 + ".png"])
def test_a_file_appears_whole_whatever_the_length_of_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
        assert part.parent == tmp_path
        assert part.name.startswith(".")
        assert part.name.endswith(f".{os.getpid()}.part")
        assert len(part.name) < 40
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_a_folder_have_temporary_names_of_their_own(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as one, replacing(tmp_path / "b") as two:
        assert one != two
        one.write_text("1")
        two.write_text("2")
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("1", "2")


def test_two_processes_have_temporary_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replacing(tmp_path / "a") as one:
        monkeypatch.setattr(os, "getpid", lambda: 1)
        with replacing(tmp_path / "a") as two:
            assert one != two
            two.write_text("2")
        one.write_text("1")
    assert (tmp_path / "a").read_text() == "1"


@pytest.mark.parametrize("error", [RuntimeError("bad"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(type(error)):
        write(path, error=error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_and_not_the_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.png"
    words = rf"^{path} could not be written: there is no folder {path.parent}$"
    with pytest.raises(FileNotFoundError, match=words):
        write(path)


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError, match=rf"^{tmp_path}/a could not be written: Is a dir"):
        write(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match=rf"^{tmp_path}/a/b could not be written: there is no folder"):
        write(tmp_path / "a" / "b")


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    words = rf"^{tmp_path}/a could not be written: No space left on device$"
    with pytest.raises(OSError, match=words) as told:
        write(tmp_path / "a", error=full)
    assert told.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set another way on Windows")
def test_a_write_that_the_system_refuses_names_the_file(tmp_path: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=rf"^{tmp_path}/a could not be written: File too large"):
            write(tmp_path / "a", "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "other.txt"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        OSError("no number and no name"),
    ],
)
def test_errors_about_something_else_stay_as_they_are(error: OSError, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as told:
        write(tmp_path / "a", error=error)
    assert told.value is error


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a" * 256, OSError, "name must be as short as its file system wants, got 256 bytes"),
        ("é" * 128, OSError, "got 256 bytes"),
        ("none/a", FileNotFoundError, "folder must exist, got .*none; create it first"),
        ("folder", IsADirectoryError, "output must be a file, got the folder .*folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    name: str, error: type[OSError], message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(error, match=message):
        check_replaceable(tmp_path / name)


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = rf"output must be in a folder that can be written, got {tmp_path}/file, which is a file"
    for name in ("file/a", "file/a/b"):
        with pytest.raises(NotADirectoryError, match=words):
            check_place(tmp_path / name)
    for name in ("file", "a", "new/a", "a" * 300):
        check_place(tmp_path / name)


def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such", str(temporary_name(tmp_path / "a")))
    with pytest.raises(FileNotFoundError, match="takes no new files; choose another output"):
        write(tmp_path / "a", error=error)


@pytest.mark.parametrize("name", ["a", "a" * 255, "there"])
def test_what_can_be_written_is_not_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    check_replaceable(tmp_path / name)
    write(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_closed_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="folder must be writable"):
        check_replaceable(tmp_path / "a")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    path.write_bytes(b"original")
    return path


def test_an_input_is_refused_however_it_is_spelled(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.png").symlink_to(photo)
    (tmp_path / "hard.png").hardlink_to(photo)
    (tmp_path / "linked").symlink_to(photo.parent)
    others = ("in/photo.png", "in/../in/photo.png", "link.png", "hard.png", "linked/photo.png")
    for other in map(Path, others):
        with pytest.raises(ValueError, match=rf"output must not replace an input, got {other} "):
            check_not_input(other, ["nowhere.png", photo])
        with pytest.raises(ValueError, match="output must not replace an input"):
            check_not_input(photo, [str(other)])


def test_a_folder_around_an_input_is_refused(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(photo)
    for output in (photo.parent, tmp_path):
        with pytest.raises(ValueError, match="output must not replace an input"):
            check_not_input(output, [tmp_path / "link.png"])


def test_all_else_may_be_written(photo: Path, tmp_path: Path) -> None:
    (photo.parent / "figure.png").write_bytes(b"figure")
    inputs = [photo, "hat-t-x4", "hf://owner/name/file", "n" * 300, tmp_path / "none"]
    for output in (photo.parent / "figure.png", photo.with_name("new.png"), tmp_path / "out"):
        check_not_input(output, inputs)
    check_not_input(Path("n" * 300), inputs)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(errno.ENOENT, "No such ...", "a.png"), "no such file or folder: a.png"),
        (PermissionError(errno.EACCES, "Permission denied", "a.png"), "Permission denied: a.png"),
        (OSError(errno.ENOSPC, "No space left on device"), "[Errno 28] No space left on device"),
        (ValueError("tile must be at least 16, got 8"), "tile must be at least 16, got 8"),
        (MemoryError(), "MemoryError"),
    ],
    ids=repr,
)
def test_what_an_error_says(error: Exception, message: str) -> None:
    assert message_of(error) == message
