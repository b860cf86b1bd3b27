import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hatsr.apps.web.queue.temporary_folders import clear_stale, make_folder, safe_name


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Über den Wolken (2).JPG", "Über den Wolken (2).JPG"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b/.hidden.png", "hidden.png"),
        ("x\0y\n<script>.png", "x_y__script_.png"),
        ("", "picture"),
        ("..", "picture"),
        (".png", "png"),
        ("n" * 300 + ".png", "n" * 100 + ".png"),
    ],
)
def test_names_lead_nowhere(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_folders_of_dead_processes_are_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    born = int(1000 * psutil.Process().create_time())
    names = {
        f"hatsr-web-{dead.pid}-1-abc": False,
        f"hatsr-web-{os.getpid()}-1-reused": False,
        f"hatsr-web-{os.getpid()}-{born}-ours": True,
        "hatsr-web-other": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    clear_stale(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {n for n, stays in names.items() if stays}


def test_the_folder_is_private(temporary: Path) -> None:
    folder = make_folder()
    assert folder.parent == temporary
    assert folder.stat().st_mode & 0o077 == 0
