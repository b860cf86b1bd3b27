"""The script for a lent GPU runs, part by part, where there is none."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def check(pictures: Path, folder: Path, *parts: str) -> dict:
    pack = folder / "pack"
    if not pack.exists():
        pack.mkdir(parents=True)
        for name in ("train", "valid"):
            (pack / name).symlink_to(pictures, target_is_directory=True)
    command = [sys.executable, ROOT / "tools/gpu_check.py", "--device", "cpu", "--quick"]
    command += ["--pack", pack, "-o", folder / "out", "--parts", *parts]
    subprocess.run([str(word) for word in command], check=True, timeout=300)
    return json.loads((folder / "out" / "results.json").read_text())


def test_every_part_gives_figures(pictures: Path, tmp_path: Path) -> None:
    found = check(pictures, tmp_path, "tests", "speed", "steps", "learn")
    assert found["tests"]["exit code"] in (0, 5), found["tests"]["output"]
    speed = found["speed"]["hat-t 2 x 8 x 8, ours bf16"]
    assert speed["flops"] > 0, speed
    step = found["steps"]["hat-t 1 x 8 x 8, ours bf16"]
    assert step["steps_per_second"] > 0, step
    failed = [v for part in ("speed", "steps") for v in found[part].values() if "Error" in str(v)]
    assert not failed
    assert found["learn"]["step"] > 0
    assert list((tmp_path / "out/hat-t-x4-gpu/states").glob("state-*.pt"))


def test_what_is_known_is_not_measured_again(pictures: Path, tmp_path: Path) -> None:
    known = {"speed": {"done": True, "hat-t": 1}, "tests": {"done": True}}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text(json.dumps(known))
    assert check(pictures, tmp_path, "tests", "speed") == known


def test_a_part_that_fails_leaves_the_others(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()  # without pictures
    found = check(pictures, tmp_path, "learn", "tests")
    assert found["learn"]["ended"] == 1
    assert found["tests"]["done"]
