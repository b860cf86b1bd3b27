"""What holds for every peer."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_peers import PEERS, official, on_meta, tiny_peer

from hatsr.attribution import LamSettings, lam
from hatsr.attribution.feature_maps import layer_features
from hatsr.checkpoint import read, save
from hatsr.checkpoint.names import plain_names
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler
from hatsr.model import Network, changed

COUNTS = [
    (name, preset, scale, parameters)
    for name, peer in PEERS.items()
    for (preset, scale), parameters in peer.parameters.items()
]
SCALES = [(name, scale) for name, peer in PEERS.items() for scale in (2, 3, 4)]


@pytest.mark.parametrize(("name", "preset", "scale", "parameters"), COUNTS)
def test_parameters(name: str, preset: str, scale: int, parameters: int) -> None:
    network = on_meta(PEERS[name], preset, scale)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(("name", "scale"), SCALES)
def test_any_size(name: str, scale: int) -> None:
    network = tiny_peer(name, scale=scale)
    assert (network.scale, network.channels) == (scale, 3)
    for height, width in [(1, 1), (1, 7), (5, 3), (13, 10)]:
        with torch.inference_mode():
            sr = network(torch.rand(2, 3, height, width))
        assert sr.shape == (2, 3, height * scale, width * scale)
        assert sr.isfinite().all()
    assert isinstance(network, Network)


@pytest.mark.parametrize("name", PEERS)
def test_gray(name: str) -> None:
    network = tiny_peer(name, channels=1)
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 4, 5)).shape == (1, 1, 16, 20)


@pytest.mark.parametrize("name", PEERS)
def test_presets_for_a_cpu_are_small(name: str) -> None:
    peer = PEERS[name]
    tiny = [preset for preset in peer.presets if preset.endswith("-tiny")]
    assert tiny
    for preset in tiny:
        network = on_meta(peer, preset, 4)
        assert sum(p.numel() for p in network.parameters()) < 1_000_000


@pytest.mark.parametrize("name", PEERS)
def test_tiles(name: str) -> None:
    """Where a network looks further than tiles overlap the result differs, but little."""
    network = tiny_peer(name, scale=2)
    lr = torch.rand(1, 3, 40, 24)
    whole = Upscaler(network, name, Settings(device="cpu")).upscale_tensor(lr)
    tiled = Upscaler(network, name, Settings(device="cpu", tile=32, overlap=16)).upscale_tensor(lr)
    difference = (whole - tiled).abs().mean() / whole.abs().mean()
    assert difference < (1e-5 if name in ("srresnet", "edsr") else 0.1)


@pytest.mark.parametrize("name", sorted({*PEERS} - {"rrdb", "ipt"}))
def test_feature_maps_are_of_the_size_of_lr(name: str) -> None:
    network = tiny_peer(name)
    maps = layer_features(network, torch.rand(1, 3, 7, 6))
    assert len(maps) == len(network.feature_modules()) > 1
    width = network.config.embed_dim if name == "edt" else network.config.width
    assert {each.shape for each in maps} == {(7, 6, width)}


@pytest.mark.parametrize("name", PEERS)
def test_lam(name: str) -> None:
    network = tiny_peer(name, scale=2)
    settings = LamSettings(steps=2, patch_size=4)
    found = lam(network, torch.rand(1, 3, 12, 12), (4, 4), settings)
    assert found.map.shape == (12, 12)
    assert found.map.max() == pytest.approx(1)
    assert 0 < found.diffusion_index < 100


@pytest.mark.parametrize("name", PEERS)
def test_every_weight_is_learned(name: str) -> None:
    network = tiny_peer(name, scale=2)
    network(torch.rand(1, 3, 12, 13)).square().mean().backward()
    left = [
        key
        for key, parameter in network.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    assert not left


@pytest.mark.parametrize(("name", "scale"), SCALES)
def test_official_names_and_back(name: str, scale: int) -> None:
    network, layout = tiny_peer(name, scale=scale), PEERS[name].layout
    theirs = official(network)
    found = layout.deduce_config(theirs)
    unseen = {field: getattr(network.config, field) for field in layout.unseen(found)}
    assert replace(found, **unseen) == network.config
    with torch.device("meta"):
        wanted = PEERS[name].network(network.config).state_dict()
    ours = layout.from_official(network.config, wanted, plain_names(theirs))
    assert ours.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, network.state_dict()[key]) for key, tensor in ours.items())


@pytest.mark.parametrize("name", PEERS)
def test_gray_files_show_no_range(name: str) -> None:
    """Their mean colour is 0 in any range; that of the published network is assumed."""
    config, layout = replace(PEERS[name].tiny, channels=1), PEERS[name].layout
    theirs = official(tiny_peer(name, channels=1))
    assert ("img_range" in layout.unseen(config)) == hasattr(config, "img_range")
    unseen = {field: getattr(config, field) for field in layout.unseen(config)}
    assumed = unseen.pop("img_range", None)
    found = layout.deduce_config(theirs)
    assert getattr(found, "img_range", None) == assumed
    assert replace(found, **unseen) == config


@pytest.mark.parametrize("name", PEERS)
def test_official_files_run_as_they_are(name: str, tmp_path: Path) -> None:
    """As other programs write them: tensors, without our configuration."""
    network, path = tiny_peer(name, scale=2), tmp_path / "a.pth"
    theirs = official(network)
    torch.save({"state_dict": {f"module.{key}": t for key, t in theirs.items()}}, path)
    unseen = PEERS[name].layout.unseen(network.config)
    found = read(path, {field: getattr(network.config, field) for field in unseen})
    assert (found.layout, found.config) == ("official", network.config)
    lr = torch.rand(1, 3, 7, 9)
    with torch.inference_mode():
        assert torch.equal(found.model()(lr), network(lr))
    save(found.model(), path, layout="official")
    again = torch.load(path, weights_only=True)["params_ema"]
    assert again.keys() == theirs.keys()
    assert all(torch.equal(again[key], tensor) for key, tensor in theirs.items())


@pytest.mark.parametrize("name", PEERS)
def test_presets_are_deduced_from_official_tensors(name: str) -> None:
    peer = PEERS[name]
    for preset, config in peer.presets.items():
        theirs = official(on_meta(peer, preset, 4))
        if "sub_mean.bias" in theirs:
            theirs["sub_mean.bias"] = torch.full((3,), -0.4 * config.img_range)
        found = peer.layout.deduce_config(theirs)
        unseen = {field: getattr(config, field) for field in peer.layout.unseen(found)}
        assert replace(found, **unseen) == config


@pytest.mark.parametrize("name", PEERS)
def test_each_file_is_of_one_network(name: str) -> None:
    theirs = official(tiny_peer(name))
    assert [other for other, peer in PEERS.items() if peer.layout.is_official(theirs)] == [name]


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, "scale must be one of [0-9, ]+, got 5"),
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
    ],
)
def test_wrong_configurations_are_refused(name: str, changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PEERS[name].tiny, **changes)


@pytest.mark.parametrize("name", PEERS)
def test_values_of_another_type_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"scale must be of type int, got 4\.0"):
        changed(PEERS[name].tiny, {"scale": 4.0})
