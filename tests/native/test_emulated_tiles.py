"""The layers on matrix units, which this processor may lack: on some in plain C++."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import test_layers
import torch

from hatsr.native import Kernels, build, kernels, library, using

COMPILER = shutil.which("g++")
pytestmark = pytest.mark.skipif(
    COMPILER is None
    or not isinstance(kernels(), Kernels)
    or not torch.cpu._is_avx512_bf16_supported(),
    reason="needs a compiler, and a processor with AVX512_BF16",
)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    target = tmp_path_factory.mktemp("kernels") / "layers.so"
    source = Path(library.__file__).parent / "layers.cpp"
    tiles = Path(__file__).with_name("emulated_tiles.h")
    flags = (flag for flag in build.FLAVOURS["amx"] if "amx" not in flag)
    command = [str(COMPILER), *build._FLAGS, "-O1", *flags, "-include", str(tiles), str(source)]
    subprocess.run([*command, "-o", str(target)], check=True)
    made, found = ctypes.CDLL(str(target)), kernels()
    assert isinstance(found, Kernels)
    library.declare(made)
    return replace(found, bf16=made)


@pytest.fixture(autouse=True)
def use(emulated: Kernels) -> Iterator[None]:
    with using(emulated):
        yield


@pytest.mark.parametrize(("size", "width", "outputs"), test_layers.SIZES, ids=str)
def test_layers_on_matrix_units(size: tuple[int, ...], width: int, outputs: int) -> None:
    test_layers.test_normed_layer(size, width, outputs)
    test_layers.test_added_layer(size, width, outputs, True)
    test_layers.test_added_mlp(size, width, outputs, True)
