"""The section `network`: its keys are those of its kind."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from other_network import ROW, Other, OtherConfig
from pydantic import BaseModel

from hatsr.checkpoint import KINDS, save
from hatsr.model import HATConfig
from hatsr.training.recipe import Recipe, finetune_recipe, schema, to_recipe
from hatsr.training.recipe.parsing import RecipeError, Values


@pytest.fixture(autouse=True)
def _other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "other", ROW)


def recipe(**network: object) -> Recipe:
    origins = {("network", key): "a.yaml" for key in network}
    return to_recipe(Values({"name": "a", "network": network}, origins))


@pytest.mark.parametrize(
    ("network", "config"),
    [
        ({}, HATConfig()),
        ({"preset": "hat", "scale": 2}, HATConfig(scale=2)),
        ({"kind": "hat", "mlp_ratio": 3}, HATConfig(mlp_ratio=3.0)),
        ({"kind": "other"}, OtherConfig()),
        ({"kind": "other", "preset": "other-deep", "gain": 2}, OtherConfig(blocks=4, gain=2.0)),
        ({"preset": "other-deep", "scale": 3}, OtherConfig(blocks=4, scale=3)),
    ],
    ids=str,
)
def test_kind_preset_and_what_differs(network: dict, config: object) -> None:
    found = recipe(**network)
    assert found.config == config
    again = Recipe.model_validate_json(json.dumps(found.model_dump(mode="json")))
    assert again == found
    assert again.config == config


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"kind": "ot"}, r"^network in a\.yaml: kind must be one of hat.*other, got 'ot'"),
        ({"kind": 5}, "kind must be one of"),
        ({"kind": "other", "blcks": 3}, r"key network\.blcks in a\.yaml; did you mean network.bl"),
        ({"kind": "other", "window_size": 8}, r"unknown key network\.window_size in a\.yaml"),
        ({"blocks": 3}, r"unknown key network\.blocks in a\.yaml"),
        ({"kind": "other", "blocks": 1.5}, r"network\.blocks in a\.yaml: .*integer, got 1\.5"),
        (
            {"kind": "other", "preset": "hat"},
            r"network\.preset must be one of other, other-deep for kind other, got 'hat'; those of",
        ),
        ({"kind": "other", "channels": 1}, "network.channels must be 3 for training, got 1"),
    ],
    ids=str,
)
def test_wrong_sections_are_named(network: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(**network)


def test_a_section_must_hold_keys() -> None:
    with pytest.raises(RecipeError, match=r"network in .* got 5"):
        to_recipe(Values({"name": "a", "network": 5}, {("network",): "a.yaml"}))


def test_only_some_networks_begin_as_interpolation() -> None:
    tree = {"name": "a", "start": {"interpolate": True}}
    words = "start.interpolate must be false for a network that cannot .* got Other"
    with pytest.raises(RecipeError, match=words):
        to_recipe(Values({**tree, "network": {"kind": "other"}}))
    words = "start.interpolate must be false for this network: interpolation must start from tail"
    with pytest.raises(RecipeError, match=words):
        to_recipe(Values({**tree, "network": {"preset": "hat"}}))
    assert to_recipe(Values({**tree, "network": {"preset": "hat-t"}})).start.interpolate


def test_the_schema_has_the_keys_of_each_kind() -> None:
    found = json.loads(schema())
    assert {"$ref": "#/$defs/OtherSection"} in found["properties"]["network"]["anyOf"]
    section = found["$defs"]["OtherSection"]
    assert set(section["properties"]) == {"kind", "preset", "scale", "channels", "blocks", "gain"}
    assert section["properties"]["kind"]["const"] == "other"
    assert section["properties"]["preset"]["enum"] == ["other", "other-deep"]
    assert section["additionalProperties"] is False


def test_fine_tuning_keeps_the_kind(tmp_path: Path, pictures: Path) -> None:
    network = Other(OtherConfig(scale=2, gain=0.5))
    save(network, tmp_path / "a.safetensors")
    found = finetune_recipe(pictures, str(tmp_path / "a.safetensors"))
    assert found.config == network.config
    section: BaseModel = found.network
    assert section.model_dump() == {"kind": "other", "preset": "other", **asdict(network.config)}
