"""The notebooks of examples/ run, and show what they showed when they were run last."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(ROOT.glob("examples/*.ipynb"))
FAILED = re.compile(r"^(Usage: |Error: |hatsr: |Traceback |.*: not found$)", re.MULTILINE)
ABSOLUTE = re.compile(r"(?<!\S)(/\w+/|[A-Z]:\\)")


def outputs(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def printed(path: Path) -> str:
    return "".join("".join(output.get("text", "")) for output in outputs(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_kept_outputs_are_whole(path: Path) -> None:
    assert outputs(path)
    assert not any(output["output_type"] == "error" for output in outputs(path))
    assert not FAILED.search(printed(path))
    assert not ABSOLUTE.search(printed(path)), "a path of the machine it ran on"
    assert any("image/png" in output.get("data", {}) for output in outputs(path))


@pytest.mark.notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs(path: Path, tmp_path: Path) -> None:
    tool, folder = ROOT / "tools/notebooks.py", tmp_path / "examples"
    subprocess.run([sys.executable, tool, path, "-o", folder], check=True)
    ran = folder / path.name
    assert not FAILED.search(printed(ran))
    assert len(outputs(ran)) == len(outputs(path))
