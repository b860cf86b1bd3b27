"""Compiling the kernels with compilers that know less than ours."""

import os
import sys
from pathlib import Path

import pytest

from hatsr.native import build


@pytest.fixture(autouse=True)
def on_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.platform, "machine", lambda: "x86_64")


def compiler(path: Path, unknown: str) -> str:
    """A compiler that writes its options to the output, but fails on one."""
    path.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"if {unknown!r} in sys.argv: sys.exit('error: unknown {unknown}')\n"
        "open(sys.argv[-1], 'w').write(' '.join(sys.argv))\n"
    )
    path.chmod(0o755)
    return str(path)


def test_what_is_unknown_costs_its_own_build_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", "-mamx-bf16"))
    assert build.compile_all(tmp_path) is None
    made = sorted(path.name for path in tmp_path.glob("kernels-*"))
    assert made == ["kernels-any.so", "kernels-bf16.so", "kernels-v3.so", "kernels-v4.so"]
    assert all("-fopenmp" in (tmp_path / name).read_text() for name in made)


@pytest.mark.parametrize("unknown", ["-march=x86-64-v3", "-fopenmp"])
def test_without_vectors_or_threads_there_are_no_kernels(
    unknown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", unknown))
    assert f"unknown {unknown}" in str(build.compile_all(tmp_path))
    assert not list(tmp_path.glob("kernels-*"))


def test_what_was_compiled_before_is_replaced_by_builds_or_by_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernels-old.so").touch()
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", "-fopenmp"))
    reason = build.compile_anew(tmp_path)
    assert (tmp_path / build.NOTE).read_text() == f"{reason}\n"
    assert not list(tmp_path.glob("kernels-*"))
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", "-mamx-bf16"))
    assert build.compile_anew(tmp_path) is None
    assert not (tmp_path / build.NOTE).exists()
    assert (tmp_path / "kernels-v3.so").exists()
