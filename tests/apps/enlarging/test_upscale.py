import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hatsr.apps.cli import cli
from hatsr.inference.settings import choose_device


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_upscale(net: str, photo: str, tmp_path: Path) -> None:
    out = str(tmp_path / "big.webp")
    result = call("upscale", photo, "-o", out, "--model", net)
    assert result.exit_code == 0, result.output
    with Image.open(out) as image:
        assert image.size == (10, 12)


def test_a_pipe_gets_one_line_a_picture_and_no_empty_one(
    net: str, photo: str, tmp_path: Path
) -> None:
    result = call("upscale", photo, "-o", str(tmp_path / "out"), "--model", net)
    lines = result.stderr.splitlines()
    assert (result.stdout, len(lines)) == ("", 2), result.output
    assert lines[0].startswith(f"{photo} 5 x 6 -> ")
    assert lines[0].endswith(f" s ({Path(net).stem})")
    assert lines[1].startswith("1 done, on ")


def test_upscale_json_and_exit_code(net: str, photo: str, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    result = call("upscale", photo, "nowhere.png", "-o", out, "--model", net, "--json")
    assert result.exit_code == 1
    done, failed = json.loads(result.stdout)
    assert (done["status"], done["sr_size"]) == ("done", [12, 10])
    assert failed["status"] == "failed"


def test_weights_are_chosen_by_the_picture_unless_told(tmp_path: Path) -> None:
    h, w = np.mgrid[:32, :40]
    waves = 128 + 60 * np.sin(h / 5 + w / 9)[..., None] * (1, 0.7, 0.9)
    picture = Image.fromarray(np.uint8(waves))
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.jpg", quality=62)
    sources = [str(tmp_path / name) for name in ("a.png", "b.jpg")]
    found = call("upscale", *sources, "-o", str(tmp_path / "1"), "--json")
    rows = json.loads(found.stdout)
    assert [row["model"] for row in rows] == ["hat-t-x4", "hat-t-real-x4"]
    assert rows[1]["choice"] == "JPEG of quality about 62"
    spoken = call("upscale", sources[1], "-o", str(tmp_path / "2"))
    assert "(hat-t-real-x4: JPEG of quality about 62)" in spoken.output
    smaller = call("upscale", sources[1], "-o", str(tmp_path / "3"), "--scale", "2")
    assert "(hat-t-real-x2: JPEG of quality about 62)" in smaller.output
    told = call("upscale", sources[1], "-o", str(tmp_path / "4"), "-m", "hat-t-x4", "--json")
    assert [(row["model"], row["choice"]) for row in json.loads(told.stdout)] == [("hat-t-x4", "")]
    half = call("upscale", sources[1], "-o", str(tmp_path / "5"), "--denoise", "0.5", "--json")
    assert json.loads(half.stdout)[0]["model"] == "hat-t-x4 denoise 0.5"
    refused = call("upscale", sources[1], "--denoise", "0.5", "-m", "hat-t-x3")
    assert refused.exit_code == 2
    assert "denoise must go with shipped weights that have real-world ones" in refused.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tile", "3"], "tile must be at least"),
        (["--memory", "much"], "memory must be a size"),
        (["--precision", "fp16"], "precision must be fp32 on a cpu"),
        (["--memory", "4"], "memory must be at least 1MB, got 4"),
        (["--scale", "9"], "scale must be from 1 to 2"),
        (["--scale", "0"], "scale must be from 1 to 2"),
        (["--quality", "50"], "quality is for lossy jpg, webp, avif and clips, got 50 for .png"),
        (["--overwrite", "--skip-existing"], "got --overwrite and --skip-existing; give one of"),
        (["-o", "big.jxl"], "output must end in one of .png"),
        (["--device", "cuda:77"], "device must be one that PyTorch can use here, got cuda:77"),
        (["--device", "gpu"], "device must be one that PyTorch can use here, got gpu"),
        (["--format", "jpgg"], "format must be one of .png"),
        (["-o", "out.bmp"], "output must end in one of .png"),
        (["-o", "out.jpg", "--format", "png"], "output must end in .png as the format"),
        (["other.png", "-o", "out.png"], "output must be a folder for 2 pictures"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], message: str, net: str, photo: str) -> None:
    result = call("upscale", photo, "--model", net, *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_quality_is_for_the_lossy_ones(net: str, photo: str, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    Image.open(photo).convert("RGB").save(other)
    done = call("upscale", photo, str(other), "-m", net, "--quality", "50")
    assert done.exit_code == 0, done.output


def test_a_file_in_the_place_of_a_folder_is_named(net: str, photo: str) -> None:
    done = call("upscale", photo, "-m", net, "-o", f"{photo}/x.png")
    assert done.exit_code == 2
    assert f"got {photo}, which is a file; choose another output" in done.output


def test_an_unknown_option_is_not_ignored(photo: str) -> None:
    result = call("upscale", photo, "--til", "64", "--ovrwrite")
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_a_picture_over_the_limit_is_not_read(net: str, photo: str) -> None:
    result = call("upscale", photo, "--model", net, "--max-pixels", "29")
    assert result.exit_code == 1
    assert "got 6 x 5" in result.output


def test_empty_folder(tmp_path: Path, net: str) -> None:
    (tmp_path / "empty").mkdir()
    result = call("upscale", str(tmp_path / "empty"), "--model", net)
    assert result.exit_code == 2
    assert "no pictures in" in result.output


def test_what_is_left_out_is_said(net: str, photo: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = call("upscale", photo, "-m", net)
    assert first.stderr.splitlines()[-1] == f"1 done, on {choose_device()}"
    (tmp_path / "phone.heic").write_bytes(b"")
    again = call("upscale", str(tmp_path), "-m", net, "-o", str(out), "--json")
    assert again.exit_code == 0, again.output
    status = [(Path(row["source"]).name, row["status"]) for row in json.loads(again.stdout)]
    assert status == [
        ("photo.png", "done"),
        ("photo_x2.png", "left out"),
        ("phone.heic", "left out"),
    ]
    assert "1 left out (photo_x2.png): result of an earlier run" in again.stderr
    assert "1 left out (phone.heic): of a kind that cannot be read" in again.stderr
    named = call("upscale", photo, str(tmp_path / "photo_x2.png"), "-m", net, "-o", str(out / "2"))
    assert {path.name for path in (out / "2").iterdir()} == {"photo_x2.png", "photo_x2_x2.png"}
    assert "left out" not in named.output
    only = call("upscale", str(out / "2"), "-m", net)
    assert only.exit_code == 2
    assert "no pictures in" in only.output
    assert "2 left out (photo_x2.png, photo_x2_x2.png): result of an earlier run" in only.output


def test_the_picture_is_not_replaced(net: str, photo: str) -> None:
    before = Path(photo).read_bytes()
    done = call("upscale", photo, "-m", net, "-o", photo, "--overwrite")
    assert done.exit_code == 2
    assert "output must not replace an input" in done.output
    assert Path(photo).read_bytes() == before


def test_a_tree_of_folders(net: str, photo: str, tmp_path: Path) -> None:
    deep = tmp_path / "tree" / "one" / "two"
    deep.mkdir(parents=True)
    shutil.move(photo, deep)
    shallow = call("upscale", str(tmp_path / "tree"), "-m", net)
    assert shallow.exit_code == 2
    assert f"subfolders of {tmp_path / 'tree'} are left out; give --recursive" in shallow.output
    options = ("--recursive", "-m", net, "-o", str(tmp_path / "out"))
    assert call("upscale", str(tmp_path / "tree"), *options).exit_code == 0
    assert (tmp_path / "out" / "one" / "two" / "photo_x2.png").exists()


@pytest.mark.parametrize(
    ("pictures", "said"),
    [(0, "the same command"), (1, "the same command with --skip-existing")],
)
def test_a_stopped_clip_goes_on_as_is_said(
    pictures: int,
    said: str,
    net: str,
    photo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("av", reason="clips need the extra hat-sr[video]")
    from clip_files import make_clip

    clip = make_clip(tmp_path / "a.mkv")
    command = ["upscale", *[photo] * pictures, str(clip), "-m", net, "-o", str(tmp_path / "out")]

    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr("hatsr.batch.clips.ClipUpscaler._enlarge", press_ctrl_c)
        stopped = call(*command)
    assert stopped.exit_code == 130
    assert stopped.stderr.endswith(
        f"stopped at frame 0 of about 10, kept in {tmp_path / 'out/a_x2.mkv.parts'}; {pictures} of "
        f"{1 + pictures} pictures done, no half file left; {said} goes on from here\n"
    )
    assert call(*command, *said.split()[4:]).exit_code == 0
    assert (tmp_path / "out/a_x2.mkv").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent another way on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_work_leaves_no_half_file(number: int, net: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    for i in range(40):
        Image.fromarray(pixels).save(tmp_path / f"photo{i:02}.png")
    command = [sys.executable, "-m", "hatsr.apps.cli", "upscale", str(tmp_path), "--model", net]
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob("out/*.png")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "no half file left" in printed
    made = list((tmp_path / "out").iterdir())
    assert 0 < len(made) < 40
    for path in made:
        with Image.open(path) as image:
            image.load()
