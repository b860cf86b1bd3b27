"""Every row of `KINDS` holds together, and a new one is all that files of a network need."""

import json
from dataclasses import MISSING, FrozenInstanceError, asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from other_network import ROW, BicubicConv, Other, OtherConfig
from safetensors import safe_open
from safetensors.torch import save_file
from tiny import tiny
from torch import nn

import hatsr
from hatsr import checkpoint
from hatsr.checkpoint import KINDS, CheckpointError, Layout, find_config, read, save
from hatsr.checkpoint.network_kinds import official_layout
from hatsr.model import Network, NetworkConfig

PRESETS = [(kind, name) for kind, row in KINDS.items() for name in row.presets]


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Other:
    """A network of a kind that the table has during the test."""
    monkeypatch.setitem(KINDS, "other", ROW)
    torch.manual_seed(0)
    return Other(OtherConfig(scale=3, blocks=3, gain=0.5))


@pytest.mark.parametrize("kind", KINDS)
def test_configurations_have_defaults_and_make_networks(kind: str) -> None:
    config = KINDS[kind].config()
    assert isinstance(config, NetworkConfig)
    assert all(field.default is not MISSING for field in fields(config))
    with pytest.raises(FrozenInstanceError):
        setattr(config, "scale", 1)  # noqa: B010  a property of the protocol
    with torch.device("meta"):
        network = checkpoint.make_network(config)
    assert isinstance(network, nn.Module)
    assert isinstance(network, Network)
    assert network.config == config
    assert checkpoint.kind_of(config) == kind
    learned = sum(1 for _ in network.parameters())
    assert 1 <= config.depth <= learned


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_presets_are_found_by_name_and_configuration(kind: str, name: str) -> None:
    config = KINDS[kind].presets[name]
    assert hatsr.preset(name, scale=config.scale) == config
    assert checkpoint.preset_name(config) == name
    assert checkpoint.presets()[name] == config
    assert find_config(name, scale=config.scale) == config


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_official_names_lead_back(kind: str, name: str) -> None:
    """Of each published network, on the meta device; no other row takes its files for its own."""
    row = KINDS[kind]
    with torch.device("meta"):
        network: Any = row.network(row.presets[name])
    own = network.state_dict()
    assert official_layout(own) is None
    if row.layout is None:
        return
    theirs = row.layout.to_official(network)
    assert [other for other, r in KINDS.items() if r.layout and r.layout.is_official(theirs)] == [
        kind
    ]
    back = row.layout.from_official(network.config, own, theirs)
    assert {k: v.shape for k, v in back.items()} == {k: v.shape for k, v in own.items()}
    unseen = set(row.layout.unseen(network.config))
    assert unseen <= {field.name for field in fields(network.config)}


def test_no_two_kinds_share_a_preset_or_a_configuration() -> None:
    assert len(PRESETS) == len(checkpoint.presets())
    assert len({row.config for row in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    ("layout", "ending"),
    [("hatsr", "safetensors"), ("official", "safetensors"), ("official", "pth")],
)
def test_files_of_another_kind(layout: Layout, ending: str, other: Other, tmp_path: Path) -> None:
    path, lr = tmp_path / f"a.{ending}", torch.rand(1, 3, 5, 6)
    save(other, path, layout=layout, metadata={"licence": "CC0"})
    found = read(path)
    assert (found.kind, found.layout, found.config) == ("other", layout, other.config)
    assert (found.metadata, found.assumed) == ({"licence": "CC0"}, ())
    assert torch.equal(found.model()(lr), other(lr))
    assert find_config(str(path)) == other.config
    sr = hatsr.load(path, device="cpu").upscale_tensor(lr)
    assert torch.allclose(sr, other(lr), atol=1e-6)


def test_an_official_file_of_another_kind_is_told_by_its_row(other: Other, tmp_path: Path) -> None:
    tensors = checkpoint.KINDS["other"].layout.to_official(other)  # pyright: ignore
    save_file(tensors, tmp_path / "a.safetensors")
    found = read(tmp_path / "a.safetensors", {"scale": 3, "gain": 0.5})
    assert found.config == other.config
    assert read(tmp_path / "a.safetensors").assumed == ("scale", "gain")


def test_files_of_hat_name_no_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(tiny(), path)
    with safe_open(path, framework="pt") as file:
        assert set(file.metadata()) == {"format", "config"}
    assert read(path).kind == "hat"


def test_an_unknown_kind_is_refused(other: Other, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.safetensors"
    save(other, path)
    monkeypatch.delitem(KINDS, "other")
    words = r"a\.safetensors: the kind of a network must be one of hat.*, got 'other'; update"
    with pytest.raises(CheckpointError, match=words):
        read(path)


@pytest.mark.parametrize(
    "network", [BicubicConv(), Other(OtherConfig())], ids=lambda n: str(type(n))
)
def test_a_network_without_a_row_is_not_saved(network, tmp_path: Path) -> None:
    words = r"config must be of a known kind \(hat.*\), got (NoneType|OtherConfig); add a row"
    with pytest.raises(ValueError, match=words):
        save(network, tmp_path / "a.safetensors")


def test_a_kind_without_official_files(other: Other, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(KINDS, "other", replace(ROW, layout=None))
    with pytest.raises(ValueError, match=r"official layout must be known .* got other; save in"):
        save(other, tmp_path / "a.pth", layout="official")
    save(other, tmp_path / "a.safetensors")
    assert read(tmp_path / "a.safetensors").config == other.config
    assert checkpoint.unseen(other.config) == ()


def test_more_blocks_of_another_kind_than_tensors(other: Other, tmp_path: Path) -> None:
    text = {"kind": "other", "config": json.dumps({**asdict(other.config), "blocks": 10**9})}
    save_file(other.state_dict(), tmp_path / "a.safetensors", text)
    with pytest.raises(CheckpointError, match="6 tensors for 1000000000 blocks"):
        read(tmp_path / "a.safetensors")


def test_a_configuration_is_found_by_preset_or_file(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "a.safetensors")
    assert find_config(str(tmp_path / "a.safetensors")) == tiny().config
    assert find_config("hat-t") == hatsr.preset("hat-t", scale=4)
    with pytest.raises(ValueError, match="scale must be left out with a file, got 3"):
        find_config(str(tmp_path / "a.safetensors"), scale=3)
    with pytest.raises(CheckpointError, match=r"got 'none'; presets are hat, "):
        find_config("none")
