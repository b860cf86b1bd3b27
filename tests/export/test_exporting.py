import ctypes
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from other_network import ROW, Other, OtherConfig
from tiny import tiny

from hatsr import __version__, checkpoint
from hatsr.apps.cli import cli

for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package, reason="needs the extra export")


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.safetensors"
    checkpoint.save(tiny(depths=(2,)), path, metadata={"licence": "CC0"})
    return str(path)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_onnx(net: str, out: Path) -> None:
    from onnxruntime import InferenceSession

    result = call(net, out / "net.onnx")
    assert result.exit_code == 0, result.output
    assert "net.onnx: net x2, 0.1 MB, differs from the network by" in result.output
    assert names(out) == ["net.onnx"]
    session = InferenceSession(out / "net.onnx", providers=["CPUExecutionProvider"])
    text = session.get_modelmeta().custom_metadata_map
    assert (text["hatsr"], text["scale"], text["name"]) == (__version__, "2", "net")
    assert text["licence"] == "CC0"
    assert json.loads(text["config"])["embed_dim"] == 12


def test_weights_that_float16_cannot_hold_are_refused(tmp_path: Path, out: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra openvino")
    model = tiny(depths=(2,))
    with torch.no_grad():
        model.norm.weight[0] = 1e5
    checkpoint.save(model, tmp_path / "large.safetensors")
    result = call(tmp_path / "large.safetensors", out / "net.xml", "--half")
    words = "norm.weight must be within 65504 to be stored in float16, got 100000"
    assert words in f"{result.exception}{result.output}"
    assert names(out) == []


@pytest.mark.parametrize("half", [False, True])
def test_openvino(net: str, out: Path, half: bool) -> None:
    pytest.importorskip("openvino_telemetry", reason="needs the extra openvino")
    from hatsr.export.runtimes import import_openvino, run_exported

    result = call(net, out / "net.xml", *(["--half"] if half else []))
    assert result.exit_code == 0, result.output
    assert names(out) == ["net.bin", "net.xml"]
    model = import_openvino().Core().read_model(out / "net.xml")
    assert model.get_rt_info(["hatsr", "scale"]).astype(str) == "2"
    assert {c.get_element_type().to_string() for c in learned(model)} == {"f16" if half else "f32"}
    for size in ((1, 1), (5, 7), (17, 33)):
        lr = torch.rand(1, 3, *size)
        with torch.inference_mode():
            ours = tiny(depths=(2,))(lr).numpy()
        theirs = run_exported(out / "net.xml", lr.numpy())
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() < (0.02 if half else 1e-5) * np.abs(ours).max()


def learned(model: Any) -> list[Any]:
    constants = (op for op in model.get_ops() if op.get_type_name() == "Constant")
    return [op for op in constants if "qkv.q.weight" in op.get_friendly_name()]


def test_existing_files_are_kept_unless_told(net: str, out: Path) -> None:
    (out / "net.onnx").write_text("precious")
    result = call(net, out / "net.onnx")
    assert result.exit_code == 2
    assert "net.onnx exists; give --overwrite" in result.output
    assert (out / "net.onnx").read_text() == "precious"
    assert call(net, out / "net.onnx", "--overwrite").exit_code == 0
    assert (out / "net.onnx").stat().st_size > 1000


def test_weights_of_another_network_are_kept(net: str, out: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra openvino")
    (out / "net.bin").write_text("precious")
    assert "net.bin exists; give --overwrite" in call(net, out / "net.xml").output
    assert names(out) == ["net.bin"]


def test_a_long_name_can_be_written(net: str, out: Path) -> None:
    name = f"{'a' * 250}.onnx"
    assert call(net, out / name).exit_code == 0
    assert names(out) == [name]


def test_a_full_disk_names_the_file(net: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = call(net, out / "net.onnx")
    assert f"{out}/net.onnx could not be written: No space left on device" in result.output
    assert names(out) == []


@pytest.mark.parametrize("wrong", [0.1, float("nan")])
def test_a_file_that_differs_is_not_kept(
    wrong: float, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hatsr.export.exporting import export

    (out / "net.onnx").write_text("precious")
    lr = (5, 19)
    sr = np.full((1, 3, 2 * lr[0], 2 * lr[1]), wrong, np.float32)
    monkeypatch.setattr("hatsr.export.exporting.run_exported", lambda *_: sr)
    with pytest.raises(ValueError, match=r"must agree within 0\.0001, got a difference of"):
        export(tiny(), out / "net.onnx")
    assert names(out) == ["net.onnx"]
    assert (out / "net.onnx").read_text() == "precious"


def test_openvino_leaves_the_signal_stack_alone(
    net: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino_telemetry", reason="needs the extra openvino")
    from hatsr.export.runtimes import import_openvino

    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sigaltstack"):
        pytest.skip("no signal stacks here")

    def signal_stack() -> bytes:
        found = ctypes.create_string_buffer(24)  # stack_t
        assert libc.sigaltstack(None, found) == 0
        return found.raw

    openvino, kept = import_openvino(), []
    make = openvino.Core

    def keep() -> Any:
        kept.append(make())  # a plugin that lives on cannot put the stack back
        return kept[-1]

    monkeypatch.setattr(openvino, "Core", keep)
    before = signal_stack()
    assert call(net, out / "net.xml").exit_code == 0
    assert len(kept) == 2
    assert signal_stack() == before


def test_another_network_is_refused(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checkpoint.KINDS, "other", ROW)
    path = out / "other.safetensors"
    checkpoint.save(Other(OtherConfig()), path)
    result = call(path, out / "net.onnx")
    assert result.exit_code == 2
    assert "a network to export must be a HAT or SwinIR, got Other; torch.onnx" in result.output
    assert names(out) == ["other.safetensors"]
