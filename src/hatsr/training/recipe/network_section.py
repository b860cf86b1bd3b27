"""The section `network` of a recipe: a kind, a preset of it, and what differs."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, create_model

from hatsr.checkpoint import DEFAULT_KIND, KINDS, presets
from hatsr.model import NetworkConfig, changed

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


def network_model(kind: str) -> type[BaseModel]:
    """The model of a section that describes a network of a kind; a field for each of its config's.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    row = KINDS[kind]
    return _model(kind, row.config, next(iter(row.presets), None))


@cache
def _model(kind: str, config: type[Any], preset: str | None) -> type[BaseModel]:
    """One class for each kind, so that equal sections are equal."""
    name = config.__name__
    fields: dict[str, Any] = {
        field: (hint | None, None) for field, hint in get_type_hints(config).items()
    }
    return create_model(
        f"{name.removesuffix('Config')}Section",
        __config__=STRICT,
        __doc__=f"A preset and what differs from it; fields as in {name}.",
        kind=(str, kind),
        preset=(str | None, preset),
        **fields,
    )


def kind_of_section(values: Mapping[str, Any]) -> str:
    """The kind that a section names, else that of its preset, else the default."""
    preset = values.get("preset")
    found = (name for name, row in KINDS.items() if preset in row.presets)
    return str(values.get("kind") or next(found, DEFAULT_KIND))


def _read(values: Any) -> Any:
    """Validate a section by the model of its kind, as strictly as the rest of the recipe."""
    if not isinstance(values, Mapping):
        return values
    return network_model(kind_of_section(values)).model_validate_json(json.dumps(values))


NetworkSection = Annotated[SerializeAsAny[BaseModel], BeforeValidator(_read)]
"""A network as a recipe describes it."""


def config_of_section(section: BaseModel) -> NetworkConfig:
    """The configuration that a section stands for.

    Raises:
        ValueError: the kind has no such preset, or a value breaks its rule.
    """
    given = {key: value for key, value in section.model_dump().items() if value is not None}
    kind, preset = given.pop("kind"), given.pop("preset", None)
    known = KINDS[kind].presets
    if preset is not None and preset not in known:
        of_all = f"; those of other kinds are {', '.join(set(presets()) - set(known))}"
        raise ValueError(
            f"network.preset must be one of {', '.join(known)} for kind {kind}, got {preset!r}"
            + of_all * (len(KINDS) > 1)
        )
    base = KINDS[kind].config() if preset is None else known[preset]
    return changed(base, given)


def network_schemas() -> dict[str, Any]:
    """The JSON schema of the section for each kind, by the name of its model."""
    found = {}
    for kind, row in KINDS.items():
        schema = network_model(kind).model_json_schema()
        schema["properties"]["kind"] |= {"const": kind}
        schema["properties"]["preset"] |= {"enum": list(row.presets)}
        found[schema["title"]] = schema
    return found
