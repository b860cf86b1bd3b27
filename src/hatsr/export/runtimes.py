"""ONNX Runtime and OpenVINO: a network converted, and run once to see that it is the same."""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from jaxtyping import Float
from numpy import ndarray

LR = Float[ndarray, "1 rgb h w"]
SR = Float[ndarray, "1 rgb sr_h sr_w"]


def run_exported(path: Path, lr: LR) -> SR:
    """SR by the runtime that the file is for, on the CPU in float32."""
    return _by_openvino(path, lr) if path.suffix == ".xml" else _by_onnxruntime(path, lr)


def to_openvino(source: Path, target: Path, metadata: Mapping[str, str], half: bool) -> None:
    """Convert an ONNX file to OpenVINO IR.

    `convert_model` would look every bias up in its table at once, for a far larger file;
    a network that is only read leaves that to the compiler.

    Args:
        source: ``.onnx``.
        target: ``.xml``; the weights go to ``.bin`` beside it.
        metadata: text to store under ``hatsr`` in the file's runtime information.
        half: store weights as float16.
    """
    openvino = import_openvino()
    model = openvino.Core().read_model(source)
    for key, text in metadata.items():
        model.set_rt_info(text, ["hatsr", key])
    openvino.save_model(model, target, compress_to_fp16=half)


def import_openvino() -> ModuleType:
    """The package, without the module that would tell Google Analytics of its import."""
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
    return import_module("openvino")


def _by_onnxruntime(path: Path, lr: LR) -> SR:
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["sr"], {"lr": lr})[0])


def _by_openvino(path: Path, lr: LR) -> SR:
    # On processors with AMX its CPU plugin replaces the signal stack of the thread that loads it,
    # and may leave one that is unmapped: the next signal would end the process. So in a thread
    # that ends with it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_compiled_by_openvino, path, lr).result()


def _compiled_by_openvino(path: Path, lr: LR) -> SR:
    core = import_openvino().Core()
    compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled({"lr": lr})["sr"])
