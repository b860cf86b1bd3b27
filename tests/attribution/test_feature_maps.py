import pytest
import torch
from other_network import BicubicConv
from tiny import TINY_X4 as TINY
from torch import nn

from hatsr.attribution import blocking_index, layer_features
from hatsr.attribution.feature_maps import choose_layers, layer_maps
from hatsr.attribution.inputs import StudiedNetwork, StudiedPicture
from hatsr.model import HAT


def noise(height: int, width: int, channels: int = 6) -> torch.Tensor:
    return torch.randn(height, width, channels, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("window", [8, 16])
def test_noise_has_an_index_of_one(window):
    assert blocking_index(noise(80, 75), window) == pytest.approx(1, abs=0.05)


def test_blocks_have_a_large_index_and_only_at_their_own_window():
    blocks = noise(10, 9).repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert blocking_index(blocks + 0.1 * noise(80, 72), 8) > 50
    assert blocking_index(blocks + 0.1 * noise(80, 72), 12) < 5


def test_index_weighs_channels_alike():
    features = noise(48, 48)
    scaled = features * torch.tensor([1, 10, 100, 0.1, 1, 0])
    scaled[..., 5] = 3.0
    assert blocking_index(scaled, 8) == pytest.approx(blocking_index(features[..., :5], 8))


def test_features_are_those_of_the_groups_cut_to_the_picture():
    network, lr = HAT(TINY).eval(), torch.rand(1, 3, 9, 6)
    found = layer_features(network, lr)
    assert [tuple(x.shape) for x in found] == [(9, 6, 12)] * 2
    lr[..., -1, -1] += 0.1
    assert not torch.equal(layer_features(network, lr)[0], found[0])
    assert not network.groups[0]._forward_hooks


def test_messages():
    assert choose_layers(HAT(TINY), ()) == [1, 2]
    with pytest.raises(ValueError, match="layer must be from 1 to 2 for this network, got 3"):
        choose_layers(HAT(TINY), [1, 3])
    with pytest.raises(ValueError, match="larger than one window of at least 2, got 8 x 8 and 8"):
        blocking_index(noise(8, 8), 8)


class Shown(nn.Module):
    """A network that shows what its convolutions make, channels first."""

    scale, channels, multiple, feature_axes = 1, 3, 1, "b c h w"

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))

    def feature_modules(self) -> list[nn.Module]:
        return list(self.convs)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            lr = conv(lr)
        return lr


def studied(network: nn.Module) -> StudiedNetwork:
    return StudiedNetwork(name="mine", function=network, scale=1, device="cpu", digest="")


def test_any_network_may_show_its_features():
    network, lr = Shown(), torch.rand(1, 3, 9, 7)
    picture = StudiedPicture(name="a.png", lr=lr, hr=None)
    maps = layer_maps(studied(network), picture, (2,), window=4)
    with torch.no_grad():
        wanted = network(lr)[0].permute(1, 2, 0)
    assert torch.equal(maps[0].features, wanted)
    assert maps[0].blocking_index == blocking_index(wanted, 4)
    with pytest.raises(ValueError, match=r"larger than one window of at least 2, got 9 x 7 and 1"):
        layer_maps(studied(network), picture)


def test_a_network_that_shows_none_is_named():
    picture = StudiedPicture(name="a.png", lr=torch.rand(1, 3, 9, 7), hr=None)
    with pytest.raises(ValueError, match="a network that shows them, got mine; hatsr lam works"):
        layer_maps(studied(BicubicConv()), picture)
