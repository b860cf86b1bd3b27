"""Builds of the kernels: found, chosen, and the structures that they are called with."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hatsr.native import (
    Kernels,
    build,
    disabled,
    kernels,
    library,
    supports_attention,
    using,
)
from hatsr.native.library import find_kernels

needs_build = pytest.mark.skipif(not isinstance(kernels(), Kernels), reason=f"{kernels()}")


def test_can_be_turned_off() -> None:
    code = "from hatsr.native.library import kernels; print(kernels())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, library.SWITCH: "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "turned off by HATSR_NATIVE=0" in done.stdout


@needs_build
def test_a_build_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.SWITCH, "any")
    found = kernels()
    assert isinstance(found, Kernels)
    assert found.name.startswith("any build")


def test_an_unknown_build_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.SWITCH, "v5")
    reason = kernels()
    assert isinstance(reason, str)
    assert "HATSR_NATIVE must be 0 or one of amx, bf16, v4, v3, any, got 'v5'" in reason


def test_says_why_there_is_none(tmp_path: Path) -> None:
    find_anew = find_kernels.__wrapped__
    assert find_anew("", tmp_path) == "not built"
    (tmp_path / "not-built.txt").write_text("no C++ compiler was found\n")
    assert find_anew("", tmp_path) == "no C++ compiler was found"
    for flavour in build.FLAVOURS:
        (tmp_path / f"kernels-{flavour}.so").write_bytes(b"not a library")
    assert "cannot be loaded" in str(find_anew("", tmp_path))


@needs_build
def test_builds_of_another_interface_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    number = library.ABI
    monkeypatch.setattr(library, "ABI", number + 1)
    reason = f"must have interface {number + 1}, got {number}; install the package again"
    assert reason in str(find_kernels.__wrapped__())


def test_is_disabled_for_a_while_only() -> None:
    before = kernels()
    with disabled():
        assert kernels() == "turned off by the program"
        assert not supports_attention(torch.empty(1))
        with using(before):
            assert kernels() is before
    with pytest.raises(ZeroDivisionError), disabled():
        _ = 1 / 0
    assert kernels() is before


STRUCTURES = {
    library.Map: "window.h",
    library.Windows: "window.h",
    library.Heads: "window.h",
    library.Inputs: "window.h",
    library.Gradients: "backward.h",
    library.Product: "products.cpp",
    library.Rows: "layers.cpp",
    library.Norm: "norm.h",
    library.Layer: "layers.h",
    library.NormedLayer: "layers.cpp",
    library.AddedLayer: "layers.cpp",
    library.AddedMlp: "layers.cpp",
}


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.__name__)
def test_structures_match_the_source(structure: type[ctypes.Structure]) -> None:
    source = Path(library.__file__).with_name(STRUCTURES[structure]).read_text()
    body = re.search(rf"struct {structure.__name__} {{(.*?)}};", source, re.DOTALL)
    assert body is not None
    declared = re.findall(r"[*\w]+(?=[,;])", re.sub(r"//.*", "", body[1]))
    assert [name.lstrip("*") for name in declared] == [field[0] for field in structure._fields_]
    words = (max(8, ctypes.sizeof(field[1])) for field in structure._fields_)
    assert ctypes.sizeof(structure) == sum(words)
