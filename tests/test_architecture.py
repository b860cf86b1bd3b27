"""The package keeps its own rules: imports run one way, a name means one thing."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import pytest

import hatsr

ROOT = Path(hatsr.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
CHECKOUT = Path(__file__).parents[1]
GLOSSARY = CHECKOUT / "docs" / "glossary.md"

ROOMS = {
    "version": set(),
    "container": set(),
    "files": set(),
    "image": {"files"},
    "video": {"files"},
    "resize": set(),
    "native": set(),
    "model": {"native"},
    "peers": {"resize", "model"},
    "checkpoint": {"files", "model", "peers"},
    "inference": {
        "version", "files", "container", "image", "resize", "native", "model", "checkpoint",
    },
    "export": {"version", "files", "model", "checkpoint"},
    "batch": {"version", "files", "container", "image", "video", "checkpoint", "inference"},
    "evaluation": {
        "version", "files", "container", "image", "resize", "model", "checkpoint", "inference",
    },
    "attribution": {"files", "image", "resize", "model", "checkpoint", "inference", "evaluation"},
    "data": {"files", "container", "image", "resize"},
    "training": {
        "files", "image", "resize", "model", "checkpoint", "inference", "evaluation", "data",
    },
    "lab": {
        "files", "checkpoint", "inference", "batch", "evaluation", "attribution", "training",
    },
    "apps": {
        "version", "files", "image", "video", "resize", "native", "model", "checkpoint",
        "inference", "batch", "export", "evaluation", "attribution", "data", "training", "lab",
    },
    "__init__": {"version", "model", "checkpoint", "inference"},
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


def test_no_folder_holds_more_than_a_dozen_modules() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert not [str(folder) for folder, count in counts.items() if count > 12]


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


def offered(path: Path) -> Iterator[str]:
    """Names in the `__all__` of a room's face that are those of types."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = [str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant)]
            yield from (n for n in names if n[0].isupper() and not n.isupper())


def test_every_public_type_is_in_the_glossary() -> None:
    names = {name for path in FILES if path.name == "__init__.py" for name in offered(path)}
    names |= {name for name in hatsr.__all__ if name[0].isupper()}
    text = GLOSSARY.read_text(encoding="utf-8")
    assert not {name for name in names if f"`{name}`" not in text}


def axes(path: Path) -> Iterator[str]:
    """Axes in signatures and in `rearrange`, without the word that says of what they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        shapes = ""
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in vars(jaxtyping):
            shapes = ast.unparse(node.slice).split(",")[-1]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "rearrange":
            shapes = ast.unparse(node.args[1]) if isinstance(node.args[1], ast.Constant) else ""
        for name in re.findall(r"(?<![{\w])[a-z]\w*", shapes):
            yield re.sub(r"^\w+_(?=([hwcp]|side)$)", "", name)


def test_every_axis_is_in_the_glossary() -> None:
    known = GLOSSARY.read_text(encoding="utf-8").partition("## Letters of shapes")[2]
    assert not {axis for path in FILES for axis in axes(path) if f"`{axis}`" not in known}


def test_every_folder_is_in_the_tree() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = re.findall(r"^ +(\w+)/", text, re.MULTILINE)
    folders = (p.name for p in ROOT.rglob("*") if p.is_dir() and p.name != "__pycache__")
    assert sorted(tree) == sorted(folders)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_annotations_are_postponed_only_for_names_of_types_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path != ROOT / "__init__.py":
        assert ("from __future__ import annotations" in text) == ("if TYPE_CHECKING:" in text)


HAT_ROOMS = (
    "model",
    "inference/engine",
    "inference/cuda",
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
