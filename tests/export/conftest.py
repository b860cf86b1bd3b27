"""A folder to export to, and pieces of a graph run by ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy import ndarray

Compute = Callable[..., ndarray]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def compute() -> Compute:
    """Computes one value of a graph, which ends it, from `lr`, an array whose sides are free."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra export")

    def run(graph: Any, value: str, lr: ndarray, dimensions: int) -> ndarray:
        result = graph.op("Cast", value, attributes={"to": 1})
        given = [f"lr_side_{i}" for i in range(lr.ndim)]
        sides = [f"side_{i}" for i in range(dimensions)]
        model = graph.model(("lr", given), (result, sides), {"hatsr": "0"})
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return np.asarray(session.run(["sr"], {"lr": lr.astype(np.float32)})[0])

    return run
