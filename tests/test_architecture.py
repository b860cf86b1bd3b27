"""The package keeps its own rules: imports run one way, a name means one thing."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatsr

ROOT = Path(hatsr.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

ROOMS = {
    "version": set(),
    "files": set(),
    "image": {"files"},
    "resize": set(),
    "native": set(),
    "model": {"native"},
    "checkpoint": {"files", "model"},
    "inference": {"version", "files", "image", "resize", "native", "model", "checkpoint"},
    "export": {"version", "files", "model", "checkpoint"},
    "evaluation": {"version", "files", "image", "resize", "model", "checkpoint", "inference"},
    "attribution": {"files", "image", "resize", "model", "checkpoint", "inference", "evaluation"},
    "data": {"files", "image", "resize"},
    "training": {
        "files", "image", "resize", "model", "checkpoint", "inference", "evaluation", "data",
    },
    "apps": {
        "version", "files", "image", "resize", "native", "model", "checkpoint", "inference",
        "export", "evaluation", "attribution", "data", "training",
    },
    "__init__": {"version", "model", "inference"},
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


def test_a_module_name_stands_once() -> None:
    counts = Counter(path.stem for path in FILES if not path.stem.startswith("__"))
    assert not [name for name, count in counts.items() if count > 1]


def types_in(path: Path) -> Iterator[str]:
    """Names of classes, and of aliases and type variables, which are assigned at module level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id.lstrip("_")
            if name[0].isupper() and not name.isupper():
                yield name


def test_a_type_name_stands_once() -> None:
    counts = Counter(name for path in FILES for name in types_in(path))
    assert not [name for name, count in counts.items() if count > 1]
