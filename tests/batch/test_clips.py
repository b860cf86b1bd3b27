import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from clip_files import make_clip, pixels_of, times_of  # noqa: E402
from doubling import Counting, Nearest  # noqa: E402

from hatsr.batch import Outcome, Output, upscale  # noqa: E402
from hatsr.batch import clips as clips_module  # noqa: E402
from hatsr.batch.finding import PictureFile  # noqa: E402
from hatsr.batch.upscaling import upscale_files  # noqa: E402
from hatsr.inference.choosing import ModelChooser  # noqa: E402
from hatsr.inference.settings import Settings  # noqa: E402
from hatsr.inference.upscaler import Upscaler  # noqa: E402


def run(source: Path, target: Path, **output: object) -> Outcome:
    """Enlarge a clip with a network that doubles pixels."""
    where = Output(place=target, **output)  # pyright: ignore[reportArgumentType]
    return upscale([str(source)], Counting(), where).outcomes[0]


def test_a_clip_is_enlarged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound="aac")
    outcome = run(clip, tmp_path / "b.mp4")
    assert outcome.status == "done", outcome.message
    assert (outcome.lr_size, outcome.sr_size) == ((24, 32), (48, 64))
    assert outcome.message == "10 frames; libx264 crf 16, 8 bits 420"
    assert times_of(tmp_path / "b.mp4") == times_of(clip)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("name", "result"),
    [("a.mp4", "a_x2.mp4"), ("a.mkv", "a_x2.mkv"), ("a.avi", "a_x2.mkv"), ("a.ts", "a_x2.mkv")],
)
def test_results_lie_beside_the_clip(tmp_path: Path, name: str, result: str) -> None:
    clip = make_clip(tmp_path / name, "mpeg4" if name == "a.avi" else "libx264")
    outcome = run(clip, tmp_path)
    assert outcome.status == "done", outcome.message
    assert outcome.target == tmp_path / result
    assert len(times_of(tmp_path / result)) == 10


def test_a_scene_that_does_not_change_is_computed_once(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "ffv1", still=True)
    upscaler = Counting()
    found = upscale([str(clip)], upscaler, Output(place=tmp_path / "b.mkv", quality=100))
    assert "10 frames, 9 of them as the one before" in found.outcomes[0].message
    assert upscaler.count == 2  # one for the plan
    frames = pixels_of(tmp_path / "b.mkv")
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def stopped_at(clip: Path, target: Path, frame: int) -> str:
    """Stop the work by Ctrl-C at a frame; returns what is said."""
    upscaler = Counting()

    def stop(_: Path, fraction: float) -> None:
        if fraction >= frame / 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopping:
        list(upscale_files(upscaler, [PictureFile(clip)], Output(place=target), stop))
    return str(stopping.value)


@pytest.mark.parametrize("frame", [1, 4, 5, 9])
def test_stopped_work_goes_on_and_makes_the_same_file(
    tmp_path: Path, frame: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips_module, "_SEGMENT", 4)
    clip = make_clip(tmp_path / "a.mkv", sound="flac")
    run(clip, tmp_path / "whole.mkv")
    said = stopped_at(clip, tmp_path / "b.mkv", frame)
    done = frame - 1
    assert said == f"stopped at frame {done} of about 10, kept in {tmp_path / 'b.mkv.parts'}"
    kept = sorted(path.name for path in (tmp_path / "b.mkv.parts").iterdir())
    assert kept == [*(f"{n:06}.nut" for n in range(done // 4)), "plan.json"]
    upscaler = Counting()
    upscale([str(clip)], upscaler, Output(place=tmp_path / "b.mkv"))
    assert upscaler.count == 1 + 10 - done // 4 * 4
    assert (tmp_path / "b.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
    assert not (tmp_path / "b.mkv.parts").exists()


def test_other_settings_do_not_go_on(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv")
    stopped_at(clip, tmp_path / "b.mkv", 2)
    refused = run(clip, tmp_path / "b.mkv", quality=50)
    assert refused.status == "failed"
    assert "another encoding; give the same, or --overwrite" in refused.message
    assert run(clip, tmp_path / "b.mkv", quality=50, existing="overwrite").status == "done"


def test_killed_work_goes_on_and_makes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, code = make_clip(tmp_path / "a.mkv"), tmp_path / "work.py"
    code.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from doubling import Counting\n"
        "from hatsr.batch import Output, clips\n"
        "from hatsr.batch.finding import PictureFile\n"
        "from hatsr.batch.upscaling import upscale_files\n"
        "clips._SEGMENT = 4\n"
        "def watch(_, fraction):\n"
        "    if fraction >= float(sys.argv[3]):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "found = upscale_files(Counting(), [PictureFile(Path(sys.argv[1]))],\n"
        "                      Output(place=Path(sys.argv[2])), watch)\n"
        "list(found)\n"
    )

    command = [sys.executable, str(code), str(clip), str(tmp_path / "b.mkv"), "0.75"]
    killed = subprocess.run(command, capture_output=True, env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    monkeypatch.setattr(clips_module, "_SEGMENT", 4)
    run(clip, tmp_path / "whole.mkv")
    upscaler = Counting()
    upscale([str(clip)], upscaler, Output(place=tmp_path / "b.mkv"))
    assert upscaler.count == 1 + 6
    assert (tmp_path / "b.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.mkv", "b.mkv", "whole.mkv", "work.py"}


def test_damage_costs_its_frames_and_is_told(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", "ffv1", times=range(0, 4000, 400))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    outcome = run(clip, tmp_path / "b.mkv")
    assert outcome.status == "done"
    assert "it may be cut short" in outcome.message


@pytest.mark.parametrize("crf", ["1", "40"])
def test_the_frames_choose_the_weights(
    tmp_path: Path, crf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hatsr.inference.choosing.open_model",
        lambda name, settings: Upscaler(Nearest(), name, Settings(device="cpu")),
    )
    shares = {"1": 0.1, "40": 0.4}
    monkeypatch.setattr("hatsr.inference.choosing.removed_detail", lambda *_: shares[crf])
    clip = make_clip(tmp_path / "a.mkv", options={"crf": crf}, still=True)
    found = upscale([str(clip)], ModelChooser(Settings()), Output(place=tmp_path / "b.mkv"))
    assert found.outcomes[0].model == {"1": "hat-t-x4", "40": "hat-t-real-x4"}[crf]
    assert found.outcomes[0].message.startswith(found.outcomes[0].model)


def test_clips_and_pictures_go_into_one_folder(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    picture = tmp_path / "p.png"
    av.VideoFrame.from_ndarray(np.zeros((5, 6, 3), np.uint8), "rgb24").to_image().save(picture)
    found = upscale([str(clip), str(picture)], Counting(), Output(place=tmp_path / "out"))
    assert [each.status for each in found.outcomes] == ["done", "done"]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"a_x2.mp4", "p_x2.png"}


def test_a_clip_has_no_still(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    said = r"first frame must be that of an animation or a document, got the clip .*a\.mp4; save"
    with pytest.raises(ValueError, match=said):
        upscale([str(clip)], Counting(), Output(first_frame=True))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("place", "ending", "message"),
    [
        ("b.png", None, r"output must end in one of \.mp4, .*, or be a folder"),
        (None, ".png", r"format must be one of \.mp4, .*, got \.png"),
    ],
)
def test_a_clip_is_no_picture(
    tmp_path: Path, place: str | None, ending: str | None, message: str
) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    where = Output(place=place and tmp_path / place, ending=ending)  # pyright: ignore
    with pytest.raises(ValueError, match=message):
        upscale([str(clip)], Counting(), where)
