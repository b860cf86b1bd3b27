"""Compiling the kernels with compilers that know less than ours."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "hatch_build.py"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    return module


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
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", "-mamx-bf16"))
    assert build.compile_all(tmp_path) is None
    made = sorted(path.name for path in tmp_path.glob("kernels-*"))
    assert made == ["kernels-any.so", "kernels-v3.so", "kernels-v4.so"]
    assert all("-fopenmp" in (tmp_path / name).read_text() for name in made)


@pytest.mark.parametrize("unknown", ["-march=x86-64-v3", "-fopenmp"])
def test_without_vectors_or_threads_there_are_no_kernels(
    unknown: str, build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CXX", compiler(tmp_path / "cc", unknown))
    assert f"unknown {unknown}" in build.compile_all(tmp_path)
    assert not list(tmp_path.glob("kernels-*"))
