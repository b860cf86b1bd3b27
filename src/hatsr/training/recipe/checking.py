"""From values to a recipe: every value is checked, messages name the key and the file."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

from hatsr.checkpoint import DEFAULT_KIND
from hatsr.data.degrade import PRESETS
from hatsr.data.degrade import preset as degradation_preset
from hatsr.training.recipe.network_section import (
    kind_of_section,
    network_model,
    network_schemas,
)
from hatsr.training.recipe.parsing import (
    RecipeError,
    Values,
    find_recipe,
    read_overrides,
    read_values,
)
from hatsr.training.recipe.recipe import Recipe

Section = TypeVar("Section", bound=BaseModel)


def read_recipe(source: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe with its includes, and overrides as `optim.learning_rate=1e-4`.

    Args:
        source: a YAML file, or the name of a shipped recipe.
        overrides: `key=value` with dotted keys; they win over the file.

    Raises:
        RecipeError: no such recipe, an unknown key or a value that breaks its rule; key and file
            are named.
    """
    return to_recipe(read_overrides(overrides).over(read_values(find_recipe(source))))


def to_recipe(values: Values) -> Recipe:
    """Check values; see `read_recipe`."""
    return check_model(Recipe, _over_preset(values), "the recipe")


def check_model(model: type[Section], values: Values, whole: str) -> Section:
    """Values as an object of a strict model.

    Args:
        model: with its rules.
        values: as read from files.
        whole: what the values are together, for messages: "the recipe".

    Raises:
        RecipeError: an unknown key or a value that breaks its rule; key and file are named.
    """
    try:
        # By way of JSON: there a list may stand for a tuple and text for a path, nothing else.
        return model.model_validate_json(json.dumps(values.tree))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        lines = [_explain(problem, values, model, whole) for problem in problems]
        raise RecipeError("; ".join(lines)) from None


def _over_preset(values: Values) -> Values:
    """The values with those of the degradation's preset below."""
    given = values.tree.get("degrade")
    if not isinstance(given, dict) or "preset" not in given:
        return values
    try:
        base = asdict(degradation_preset(str(given["preset"])))
    except ValueError as error:
        raise RecipeError(
            f"degrade.preset in {values.origin(('degrade', 'preset'))}: {error}"
        ) from None
    own = {key: value for key, value in given.items() if key != "preset"}
    preset_origin = f"the preset {given['preset']}"
    below = Values({"degrade": base}, {("degrade", key): preset_origin for key in base})
    return Values({**values.tree, "degrade": own}, values.origins).over(below)


def _explain(problem: Any, values: Values, model: type[BaseModel], whole: str) -> str:
    place = tuple(str(part) for part in problem["loc"])
    key, origin = ".".join(place) or whole, values.origin(place)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {key} in {origin}{_suggestion(place, values, model)}"
    if problem["type"] == "missing":
        return f"{key} must be given, in {origin}"
    text = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
    got = "" if ", got " in text else f", got {problem['input']!r}"
    return f"{key} in {origin}: {text}{got}" if place else f"{text} ({origin})"


def _suggestion(place: tuple[str, ...], values: Values, model: type[BaseModel]) -> str:
    """The known key nearest in spelling."""
    from difflib import get_close_matches

    near = get_close_matches(place[-1], _known_keys(place[:-1], values, model), 1)
    return f"; did you mean {'.'.join((*place[:-1], near[0]))}?" if near else ""


def _known_keys(place: tuple[str, ...], values: Values, model: type[BaseModel]) -> list[str]:
    """The keys of a section; those of a recipe's `network` depend on its kind."""
    if model is Recipe and place == ("network",):
        return list(network_model(kind_of_section(values.tree["network"])).model_fields)
    kind: Any = model
    for part in (part for part in place if not part.isdigit()):
        kind = get_args(kind)[1] if get_origin(kind) is dict else get_type_hints(kind)[part]
        if get_origin(kind) is not dict:  # of a choice, or of a list, the first that is something
            nothing = (Ellipsis, type(None))
            kind = next((each for each in get_args(kind) if each not in nothing), kind)
    return [] if get_origin(kind) is dict else list(get_type_hints(kind))


def schema() -> str:
    """The JSON schema of a recipe (with `include`), for editors."""
    described = Recipe.model_json_schema()
    networks = network_schemas()
    described["properties"]["network"] = {
        "description": "The network to train; its keys depend on its kind.",
        "default": {"kind": DEFAULT_KIND},
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in networks],
    }
    described["$defs"].pop("BaseModel")
    described["$defs"] = dict(sorted({**described["$defs"], **networks}.items()))
    described["properties"]["include"] = {
        "description": "Recipe files whose values stand below this one's; later ones win.",
        "type": "array",
        "items": {"type": "string"},
    }
    described["$defs"]["Degradation"]["properties"]["preset"] = {
        "description": "Named degradation whose values stand below those given.",
        "enum": list(PRESETS),
    }
    return json.dumps(described, indent=2) + "\n"
