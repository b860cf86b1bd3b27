"""ONNX Runtime and OpenVINO as they are called."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from hatsr.export.graph import Graph
from hatsr.export.runtimes import import_openvino, run_exported, to_openvino

for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package, reason="needs the extra export")


def test_openvino_is_imported_without_its_telemetry() -> None:
    pytest.importorskip("openvino_telemetry", reason="needs the extra openvino")
    import subprocess

    code = (
        "import sys\n"
        "from hatsr.export.runtimes import import_openvino\n"
        "import_openvino()\n"
        "assert not any(n.startswith('openvino_telemetry.') for n in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def graph_of_a_factor(factor: float) -> bytes:
    """SR is LR times a weight."""
    graph = Graph()
    sr = graph.op("Mul", "lr", graph.weight("factor", torch.full((1, 3, 1, 1), factor)))
    shape = (1, 3, "height", "width")
    return graph.model(("lr", shape), (sr, shape), {"hatsr": "0"}).SerializeToString()


def test_an_onnx_file_is_run_in_float32(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(graph_of_a_factor(0.1))
    lr = np.random.default_rng(0).random((1, 3, 4, 5), np.float32)
    found = run_exported(tmp_path / "a.onnx", lr)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.float32(0.1) * lr, rtol=1e-6)


@pytest.mark.parametrize(("half", "stored"), [(False, np.float32(0.1)), (True, np.float16(0.1))])
def test_weights_are_converted_and_what_is_computed_with_them_is_not(
    half: bool, stored: np.floating, tmp_path: Path
) -> None:
    pytest.importorskip("openvino", reason="needs the extra openvino")
    (tmp_path / "a.onnx").write_bytes(graph_of_a_factor(0.1))
    to_openvino(tmp_path / "a.onnx", tmp_path / "b.xml", {"scale": "1", "name": "é"}, half)
    text = import_openvino().Core().read_model(tmp_path / "b.xml")
    assert text.get_rt_info(["hatsr", "name"]).astype(str) == "é"
    lr = np.random.default_rng(0).random((1, 3, 4, 5), np.float32)
    np.testing.assert_allclose(
        run_exported(tmp_path / "b.xml", lr), np.float32(stored) * lr, rtol=1e-6
    )
