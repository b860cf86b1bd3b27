"""The house keeps its own rules: imports run one way, nothing forbidden is used."""

import ast
from pathlib import Path

import pytest

import hatsr

ROOT = Path(hatsr.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

ROOMS = {
    "files": set(),
    "image": {"files"},
    "resize": set(),
    "native": set(),
    "model": {"native"},
    "peers": {"resize", "model"},
    "checkpoint": {"files", "model", "peers"},
    "inference": {"files", "image", "resize", "native", "model", "checkpoint"},
    "export": {"files", "model", "checkpoint"},
    "batch": {"files", "image", "checkpoint", "inference"},
    "evaluation": {"files", "image", "resize", "model", "checkpoint", "inference"},
    "attribution": {"files", "image", "resize", "model", "checkpoint", "inference", "evaluation"},
    "data": {"files", "image", "resize"},
    "training": {
        "files", "resize", "model", "checkpoint", "inference", "evaluation", "data",
    },
    "apps": {
        "files", "image", "resize", "native", "model", "checkpoint", "inference",
        "batch", "export", "evaluation", "attribution", "data", "training",
    },
    "__init__": {"model", "checkpoint", "inference"},
}  # fmt: skip
"""What each room may import, itself aside."""

FORBIDDEN = {"basicsr", "torchvision"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    names = imported(path)
    rooms = {n.split(".")[1] for n in names if n.startswith("hatsr.") and n.split(".")[1] in ROOMS}
    assert rooms - {room} <= ROOMS[room], f"{path.name} must not import {rooms - ROOMS[room]}"
    assert not {name.split(".")[0] for name in names} & FORBIDDEN


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_assertions_outside_tests(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))


def test_only_apps_print() -> None:
    for path in FILES:
        if "apps" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call))
            printed = any(isinstance(f, ast.Name) and f.id == "print" for f in calls)
            assert not printed, path


HAT_ROOMS = (
    "model",
    "inference/engine",
    "inference/plain.py",  # the row that gives HAT its engine
    "checkpoint/layouts",
    "checkpoint/network_kinds.py",
    "export",  # writes HAT's graph operator by operator
    "__init__.py",
)
"""Files and folders that may know HAT by name; the others know `Network`, whatever it is."""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_its_own_rooms_name_hat(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    if any(place == room or place.startswith(f"{room}/") for room in HAT_ROOMS):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {name.rpartition(".")[2] for name in imported(path)}
    assert not used & {"HAT", "HATConfig"}
