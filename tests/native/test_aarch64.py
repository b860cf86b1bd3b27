"""The kernels give the same numbers on another kind of processor, here an emulated one."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hatsr.native import build

CROSS = "aarch64-linux-gnu-g++"
EMULATOR = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")
FOLDER = Path(build.__file__).parent

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("g++", CROSS, EMULATOR[0]))),
    reason="needs g++-aarch64-linux-gnu and qemu-user",
)


def numbers(compiler: str, emulator: tuple[str, ...], folder: Path) -> np.ndarray:
    """What same_numbers.cpp writes, compiled without flags for a kind of vectors."""
    program = folder / compiler
    flags = ("-std=c++20", "-O2", "-fopenmp", "-w", f"-I{FOLDER}")
    source = str(Path(__file__).with_name("same_numbers.cpp"))
    subprocess.run([compiler, *flags, source, "-o", str(program)], check=True)
    done = subprocess.run([*emulator, str(program)], check=True, capture_output=True)
    return np.frombuffer(done.stdout, np.float32)


def test_aarch64_gives_the_same_numbers(tmp_path: Path) -> None:
    here, there = numbers("g++", (), tmp_path), numbers(CROSS, EMULATOR, tmp_path)
    assert here.size == there.size == 26599
    assert np.isfinite(here).all()
    assert np.linalg.norm(here - there) < 1e-6 * np.linalg.norm(here)
