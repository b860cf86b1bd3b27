"""Recipe files: YAML that includes other YAML, and `key=value` on top.

Every value remembers the file it came from, for messages.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_COMMAND_LINE = "the command line"
KeyPath = tuple[str, ...]


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the key and the file."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as far as it matters: 2e-4 is a number, no and 2024-01-31 are text; no key twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012  as the parent has it
        first: [(tag, rule) for tag, rule in rules if not tag.endswith((":bool", ":timestamp"))]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise RecipeError(f"each key must stand once, got {', '.join(twice)} twice")
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(frozen=True, slots=True)
class Values:
    """Nested values and where each came from."""

    tree: dict[str, Any] = field(default_factory=dict)
    """Plain dicts, lists and scalars."""
    origins: dict[KeyPath, str] = field(default_factory=dict)
    """File of each scalar, list or empty dict, by its path of keys."""

    def over(self, base: "Values") -> "Values":
        """These values where given, those of `base` elsewhere; lists are replaced whole."""
        return Values(_merge(base.tree, self.tree), {**base.origins, **self.origins})

    def origin(self, place: KeyPath) -> str:
        """The file that a value came from, as precisely as known."""
        for length in range(len(place), 0, -1):
            found = {o for at, o in self.origins.items() if at[:length] == place[:length]}
            if found:
                return " or ".join(sorted(found))
        return " or ".join(sorted(set(self.origins.values()))) or _COMMAND_LINE


def _merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merge(out[key], value) if both else value
    return out


def _origins(tree: Any, origin: str, at: KeyPath = ()) -> dict[KeyPath, str]:
    if not isinstance(tree, dict) or not tree:
        return {at: origin}
    return {
        place: origin
        for key, value in tree.items()
        for place in _origins(value, origin, (*at, str(key)))
    }


def parse(text: str, origin: str) -> Any:
    """Parse YAML.

    Raises:
        RecipeError: it is none; the message names the origin.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, RecipeError) as error:
        raise RecipeError(f"{origin} must be YAML, got {' '.join(str(error).split())}") from None


def shipped_recipes() -> dict[str, Path]:
    """The recipes of the package by name; in a checkout they are in the folder `recipes`."""
    package = Path(__file__).parents[2]
    folders = (package / "recipes", package.parents[1] / "recipes")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def find_recipe(name: str | Path) -> Path:
    """A recipe file, or a shipped recipe by its name.

    Raises:
        RecipeError: the name is neither.
    """
    if isinstance(name, Path) or Path(name).is_file():
        return Path(name)
    shipped = shipped_recipes()
    if name not in shipped:
        raise RecipeError(
            f"a recipe must be a YAML file or one of {', '.join(shipped)}, got {name!r}"
        )
    return shipped[name]


def read_values(path: Path, including: tuple[Path, ...] = ()) -> Values:
    """A recipe file with all it includes; a later include, and the file itself, win.

    Raises:
        RecipeError: no such file, not YAML, or files that include each other.
    """
    path = path.resolve()
    if path in including:
        raise RecipeError(f"{path} must not include itself, got {' -> '.join(map(str, including))}")
    if not path.is_file():
        by = f", included by {including[-1]}" if including else ""
        raise RecipeError(f"a recipe must be a YAML file, got {path}{by}")
    tree = parse(read_text(path), str(path))
    if not isinstance(tree, dict):
        raise RecipeError(f"{path} must hold keys and values, got {type(tree).__name__}")
    return values_of(tree, path, including)


def values_of(tree: dict[str, Any], path: Path, including: tuple[Path, ...] = ()) -> Values:
    """The values of a tree that stands in a file, with all that it includes.

    Raises:
        RecipeError: `include` is no list of files, or one of them cannot be used.
    """
    includes = tree.get("include", [])
    if not isinstance(includes, list):
        raise RecipeError(f"include must be a list of files, got {includes!r} in {path}")
    values = Values()
    for name in includes:
        values = read_values(path.parent / str(name), (*including, path)).over(values)
    own = {key: value for key, value in tree.items() if key != "include"}
    return Values(own, _origins(own, str(path))).over(values)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        RecipeError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise RecipeError(
            f"{path} must be UTF-8 text, got the byte 0x{byte:02x} at {error.start}; save it in "
            "the encoding UTF-8"
        ) from None


def read_overrides(pairs: Sequence[str]) -> Values:
    """Values from `section.key=value` arguments; the values are YAML.

    Raises:
        RecipeError: an argument without `=`, or with nothing beside it.
    """
    values = Values()
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise RecipeError(f"an override must be key=value, got {pair!r}")
        if not text.strip():
            raise RecipeError(f"{key} must be given a value, got {pair!r}; give null for none")
        tree = parse(text, _COMMAND_LINE)
        for part in reversed(key.split(".")):
            tree = {part: tree}
        values = Values(tree, _origins(tree, _COMMAND_LINE)).over(values)
    return values
