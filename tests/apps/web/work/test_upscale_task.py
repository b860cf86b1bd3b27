import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr.apps.web.limits import LimitError, Limits
from hatsr.apps.web.work.model_cache import ModelCache
from hatsr.apps.web.work.upscale_task import UpscaleTask, UpscaleTaskResult


def run(
    cache: ModelCache, folder: Path, picture: Path, name: str, **options: object
) -> UpscaleTaskResult:
    with Image.open(picture) as read:
        read.save(folder / name)
    given = {"source": name, "model": "net.safetensors"} | options
    return UpscaleTask(**given).run(cache, folder, lambda fraction: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "ending", "file", "before", "after"),
    [
        ("a.png", None, "result/a_x2.png", "a.png", "result/a_x2.png"),
        ("a.PNG", "JPG", "result/a_x2.jpg", "a.PNG", "result/a_x2.jpg"),
        ("a.tif", None, "result/a_x2.tif", "before.png", "after.png"),
        ("a.tif", ".webp", "result/a_x2.webp", "before.png", "result/a_x2.webp"),
    ],
)
def test_a_browser_gets_pictures_that_it_shows(
    cache: ModelCache, tmp_path: Path, small: Path, name: str, ending: str | None, file: str,
    before: str, after: str,
) -> None:  # fmt: skip
    done = run(cache, tmp_path, small, name, ending=ending, shown=True)
    assert (done.file, done.before, done.after) == (file, before, after)
    assert (done.lr_size, done.sr_size) == ((12, 10), (24, 20))
    assert (done.model, done.reason) == ("net", "as you chose")
    with Image.open(tmp_path / before) as shown, Image.open(small) as source:
        assert np.array_equal(np.asarray(shown), np.asarray(source))
    with Image.open(tmp_path / after) as shown, Image.open(tmp_path / file) as result:
        assert np.array_equal(np.asarray(shown.convert("RGB")), np.asarray(result.convert("RGB")))


def test_a_program_gets_no_copies(cache: ModelCache, tmp_path: Path, small: Path) -> None:
    done = run(cache, tmp_path, small, "a.tif", scale=1.5)
    assert (done.before, done.after, done.sr_size) == ("", "", (18, 15))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "result"]


def test_the_service_says_which_network_it_chose(
    cache: ModelCache, tmp_path: Path, small: Path
) -> None:
    done = run(cache, tmp_path, small, "a.png", model="", scale=2)
    assert done.model == "hat-t-x2"
    assert done.reason != "as you chose"
    assert done.model not in done.notes
    assert done.reason not in done.notes


def test_wrong_tasks(cache: ModelCache, models: Path, tmp_path: Path, small: Path) -> None:
    shutil.copy(small, tmp_path / "a.mp4")
    with pytest.raises(ValueError, match=r"picture must be no clip, got a\.mp4; use hatsr upscale"):
        UpscaleTask(source="a.mp4").run(cache, tmp_path, lambda fraction: None)
    (tmp_path / "two").mkdir()
    with pytest.raises(ValueError, match="quality must be 1 to 100, got 0"):
        run(cache, tmp_path / "two", small, "a.jpg", quality=0)
    (tmp_path / "three").mkdir()
    narrow = ModelCache(Limits(memory=4 * 10**9, pixels=119), models)
    with pytest.raises(LimitError, match=r"picture must have at most .* for x2, got 12 x 10"):
        run(narrow, tmp_path / "three", small, "a.png")
