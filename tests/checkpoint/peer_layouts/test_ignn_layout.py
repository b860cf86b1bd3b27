"""The names of IGNN's program, and the layers that it stores twice."""

import pytest
import torch
from tiny_peers import official, tiny_peer

from hatsr.checkpoint.peer_layouts.ignn_layout import IGNN_LAYOUT, deduce_config, official_name
from hatsr.peers import IGNN, IGNNConfig


def test_features_of_patches_are_stored_twice_and_not_learned() -> None:
    network = tiny_peer("ignn")
    tensors = official(network)
    for name in ("model.0.weight", "model.2.bias", "sub_mean.weight"):
        assert torch.equal(tensors[f"vggnet.{name}"], tensors[f"graph.embedcnn.{name}"])
    assert not any(p.requires_grad for p in network.features.parameters())


def test_a_file_without_the_second_copy_is_whole() -> None:
    network = tiny_peer("ignn")
    tensors = {k: v for k, v in official(network).items() if not k.startswith("graph.embedcnn.")}
    ours = IGNN_LAYOUT.from_official(network.config, network.state_dict(), tensors)
    assert all(torch.equal(ours[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("body_conv.bias", {"blocks": 32}, "body2.16.0.bias"),
        ("body_conv.bias", {"blocks": 5}, "body2.3.0.bias"),  # two before the graph, three after
        ("tail.last.weight", {"scale": 2}, "tail.0.0.weight"),
        ("tail.last.weight", {"scale": 4}, "tail.1.0.weight"),
        ("tail.steps.0.weight", {"scale": 4}, "tail.0.0.weight"),
    ],
)
def test_names_that_depend_on_the_network(name: str, changes: dict, expected: str) -> None:
    assert official_name(name, IGNNConfig(**changes)) == expected


@pytest.mark.parametrize(("width", "factor"), [(64, 1.0), (256, 0.1)])
def test_the_factor_of_the_branches_goes_with_the_width(width: int, factor: float) -> None:
    with torch.device("meta"):
        tensors = official(IGNN(IGNNConfig(width=width, blocks=3, scale=3)))
    found = deduce_config(tensors | {"sub_mean.bias": torch.tensor([-0.45, -0.44, -0.4])})
    expected = IGNNConfig(width=width, blocks=3, scale=3, residual_scale=factor, img_range=1.0)
    assert found == expected
