"""Where a network can be written to, and what is refused before the work."""

from pathlib import Path

import pytest

from hatsr.export.target import check_target, outputs


@pytest.mark.parametrize(
    ("name", "half", "message"),
    [
        ("net.pt", False, r"must end in \.onnx, or in \.xml for OpenVINO, got net\.pt"),
        ("net.onnx", True, r"float16 must go to OpenVINO \(\.xml\), got net\.onnx"),
        ("nowhere/net.onnx", False, r"folder must exist, got .*nowhere"),
    ],
)
def test_targets_that_cannot_be_written(name: str, half: bool, message: str, out: Path) -> None:
    with pytest.raises(ValueError, match=message):
        check_target(out / name, half)


def test_a_name_that_is_too_long_is_refused_before_the_work(out: Path) -> None:
    with pytest.raises(OSError, match="name must be as short as its file system wants, got 256"):
        check_target(out / f"{'a' * 251}.onnx")


@pytest.mark.parametrize(
    ("name", "missing", "message"),
    [
        ("net.onnx", "onnxruntime", r"without onnxruntime; pip install 'hat-sr\[export\]'"),
        ("net.xml", "openvino", r"without openvino; pip install 'hat-sr\[export,openvino\]'"),
    ],
)
def test_missing_packages(
    name: str, missing: str, message: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatsr.export.target.find_spec", lambda n: None if n == missing else 1)
    with pytest.raises(ValueError, match=message):
        check_target(out / name)


@pytest.mark.parametrize(("name", "files"), [("a.onnx", ["a.onnx"]), ("a.xml", ["a.bin", "a.xml"])])
def test_each_file_is_looked_at_and_the_one_to_open_is_last(
    name: str, files: list[str], out: Path
) -> None:
    assert [path.name for path in outputs(out / name)] == files
    (out / files[0]).mkdir()
    with pytest.raises(OSError, match=rf"output must be a file, got the folder .*{files[0]}"):
        check_target(out / name)
