import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from job_files import break_pictures, expected, make_net, make_pictures, results

from hatsr.apps.cli import cli
from hatsr.apps.enlarging.batch import _weights_line
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.locking import locked
from hatsr.batch.database.records import JobRecord, PictureRecord


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["batch", *map(str, arguments)])


def test_a_job_to_its_end_and_once_more(tmp_path: Path) -> None:
    net, source, out = make_net(tmp_path), make_pictures(tmp_path / "in", 6), tmp_path / "out"
    broken = break_pictures(source)
    right = expected(source, net, tmp_path / "right")
    options = (source, "-o", out, "-m", net, "--device", "cpu", "--memory", "1GB")
    first = call(*options, "--workers", 2)
    assert first.exit_code == 1, first.output
    assert first.stdout.startswith(f"6 done, {len(broken)} failed, ")
    assert first.stdout.splitlines()[1] == "net: 6 pictures"
    assert results(out) == right
    page = (out / "hatsr-batch.html").read_text()
    assert "6 of 26 pictures enlarged" in page
    assert "empty.png: file is empty; get it again" in page
    assert page.count("data:image/jpeg;base64,") == 12
    assert "<td>net</td><td>6</td>" in page
    assert f"<td>model</td><td>{net}</td>" in page
    assert call("-o", out, "--status").output.startswith("finished: 6 done, 20 failed, ")
    other = call(*options, "--scale", 1, "--max-pixels", 99)
    assert other.exit_code == 2
    changed = "scale: its model's own -> 1; max pixels: 300000000 -> 99"
    advice = "give another -o, or the options that it was begun with"
    assert f"with other options ({changed}); {advice}" in " ".join(other.output.split())
    (source / "empty.png").write_bytes((source / "p000.png").read_bytes())
    told = call(*options, "--retry-failed", "--json")
    assert told.exit_code == 1
    counts = json.loads(told.stdout)["counts"]
    assert json.loads(told.stdout)["weights"] == {"net": 7}
    assert (counts["done"]["pictures"], counts["failed"]["pictures"]) == (7, len(broken) - 1)
    assert (out / "empty_x2.png").read_bytes() == (out / "p000_x2.png").read_bytes()


def test_what_is_left_out_is_said(net: str, tmp_path: Path) -> None:
    source, out = make_pictures(tmp_path / "in", 1), tmp_path / "out"
    for name in ("b.mp4", "a.mkv", "c.avi", "sub/d.webm", "phone.HEIC"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(b"")
    (source / "self").symlink_to(source / "self")
    options = (source, "-o", out, "-m", net, "--device", "cpu", "--memory", "1GB")
    done = call(*options)
    assert done.exit_code == 0, done.output
    clips = "moving pictures take long; enlarge them with hatsr upscale"
    assert done.stderr.splitlines() == [
        f"4 left out (a.mkv, b.mp4, c.avi, ...): {clips}",
        "1 left out (phone.HEIC): of a kind that cannot be read; convert it to PNG or JPEG",
    ]
    assert (
        f"<p>4 left out (a.mkv, b.mp4, c.avi, ...): {clips}</p>"
        in (out / "hatsr-batch.html").read_text()
    )
    assert json.loads(call(*options, "--json").stdout)["remarks"] == done.stderr.splitlines()


def test_what_fails_before_the_work_is_said(net: str, tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp"):
        shutil.copy(make_pictures(tmp_path / "in", 1) / "p000.png", tmp_path / name)
    (tmp_path / "list.txt").write_text("a.png\na.bmp\ngone.png\n")
    done = call(tmp_path / "list.txt", "-o", tmp_path / "out", "-m", net, "--device", "cpu")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "FAILED a.bmp: a.png already goes to a_x2.png; rename one",
        f"FAILED {tmp_path}/gone.png: No such file or directory",
    ]


def test_an_input_without_pictures_is_wrong_usage_and_binds_nothing(
    net: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.mp4").touch()
    (tmp_path / "list.txt").write_text("\n")
    for name, more in (("in", "; 1 left out (a.mp4): moving pictures"), ("list.txt", "")):
        none = call(tmp_path / name, "-o", tmp_path / "out", "-m", net, "--device", "cpu")
        assert none.exit_code == 2
        assert f"no pictures in {tmp_path / name}{more}" in none.stderr
    source = make_pictures(tmp_path / "other", 1)
    done = call(source, "-o", tmp_path / "out", "-m", net, "--device", "cpu")
    assert (done.exit_code, done.stdout.splitlines()[1]) == (0, "net: 1 picture")


def test_a_stopped_job_says_how_it_goes_on(
    net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hatsr.batch.job.plan", press)
    source = make_pictures(tmp_path / "in", 1)
    stopped = call(source, "-o", tmp_path / "out", "-m", net, "--device", "cpu")
    said = "Error: stopped; the same command goes on from here\n"
    assert (stopped.exit_code, stopped.stderr) == (130, said)


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def other_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE pictures (name)")


@pytest.mark.parametrize("spoil", [garbage, other_table])
@pytest.mark.parametrize("status", [True, False])
def test_a_damaged_database(
    spoil: Callable[[Path], None], status: bool, net: str, tmp_path: Path
) -> None:
    source, out = make_pictures(tmp_path / "in", 1), tmp_path / "out"
    (out / ".hatsr").mkdir(parents=True)
    spoil(out / ".hatsr/batch.sqlite")
    more = ["--status"] if status else ["-m", net, "--device", "cpu"]
    told = call(source, "-o", out, *more)
    assert told.exit_code == 1
    assert f"remove {out / '.hatsr'} and begin anew with --skip-existing" in told.stderr


def test_status(tmp_path: Path) -> None:
    with JobDatabase(tmp_path, create=True) as database:
        database.set_job(JobRecord(str(tmp_path), {}, 1))
        for i in range(3):
            target = f"{i}_x2.png"
            entry = PictureRecord(
                source=f"{i}", target=target, bytes=1, mtime=1, height=1000, width=500
            )
            database.plan(entry)
        taken = database.claim(1)
        assert taken is not None
        database.finish(PictureRecord(**{**entry_fields(taken), "state": "done", "seconds": 2.0}))
    told = call("-o", tmp_path, "--status")
    assert told.exit_code == 0
    how_far = "1 done, 2 left, 0.50 pictures/s, 0.250 LR megapixels/s"
    command = f"hatsr batch {tmp_path} -o {tmp_path}"
    assert told.output.splitlines() == [
        f"stopped: {how_far}",
        f"to go on, with the options that it was begun with: {command}",
    ]
    with locked(tmp_path):
        told = call("-o", tmp_path, "--status")
    assert told.output == f"running: {how_far}, 0:00:04 left\n"
    found = json.loads(call("-o", tmp_path, "--status", "--json").stdout)
    assert (found["running"], found["seconds_left"]) == (False, 4.0)


def entry_fields(entry: PictureRecord) -> dict[str, object]:
    return {name: getattr(entry, name) for name in PictureRecord.__slots__}  # pyright: ignore


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a folder or a manifest, or --status"),
        (["nowhere"], "input must be a folder or a manifest, got nowhere"),
        (["{in}/p000.png"], "p000.png is one picture; use hatsr upscale"),
        (["{in}", "--format", "jpgg"], "format must be one of .png"),
        (["{in}", "--format", "gif"], "format must be one of .png"),
        (["{in}", "--gpus", "1"], "GPUs for each worker must go with the engine ray, got 1"),
        (["{in}", "--scale", "9"], "scale must be from 1 to 2"),
        (["{in}", "-o", "{in}"], "output must not hold the input"),
        (["{in}", "-o", "big.jpg"], "output must be a folder, got big.jpg"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, net: str, tmp_path: Path) -> None:
    source = make_pictures(tmp_path / "in", 1)
    given = [each.replace("{in}", str(source)) for each in arguments]
    result = call("-o", tmp_path / "out", "-m", net, *given)
    assert result.exit_code == 2
    assert message in result.output


def test_status_of_what_is_no_job(tmp_path: Path) -> None:
    for place, why in ((tmp_path, "it has no database"), (tmp_path / "o", "there is no such")):
        result = call("-o", place, "--status")
        assert result.exit_code == 1
        assert f"folder must be the output of a batch, got {place}: {why}" in result.output


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        ({"a": 9, "b": 3, "": 1}, "a: 9 pictures, b: 3, not recorded: 1"),
        ({"a": 1, "b": 1}, "a: 1 picture, b: 1"),
        ({"a": 1000}, "a: 1,000 pictures"),
    ],
)
def test_weights_in_a_line(weights: dict[str, int], line: str) -> None:
    assert _weights_line(weights) == line


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with little room; only the administrator can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("cannot mount a disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_without_room_for_the_database(small_disk: Path, net: str, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=16k", str(small_disk)], check=True)
    source = make_pictures(tmp_path / "in", 1)
    told = call(source, "-o", small_disk / "out", "-m", net, "--device", "cpu")
    assert told.exit_code == 1
    assert "the disk is full, make room" in told.stderr


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    net, source = make_net(tmp_path), make_pictures(tmp_path / "in", 60, side=60)
    right, out = expected(source, net, tmp_path / "right"), small_disk / "out"
    options = (source, "-o", out, "-m", net, "--device", "cpu", "--memory", "1GB", "--workers", 1)
    stopped = call(*options)
    assert stopped.exit_code == 1
    assert "No space left on device" in stopped.output or "disk is full" in stopped.output, (
        stopped.output
    )
    assert results(out).items() < right.items()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    done = call(*options)
    assert done.exit_code == 0, done.output
    assert results(out) == right
