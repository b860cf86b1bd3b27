"""Feature maps as gray pictures, a row of cells for each network."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("matplotlib", reason="needs the extra figures")

from hatsr.attribution.feature_maps import LayerMap
from hatsr.attribution.figures.feature_figure import channel_mean, draw_features, feature_figure


def layer(name: str, number: int) -> LayerMap:
    features = torch.rand(10, 20, 3, generator=torch.Generator().manual_seed(number))
    return LayerMap(name=name, layer=number, features=features, window=4, blocking_index=1.25)


def test_channels_count_alike_and_the_ends_are_cut_off() -> None:
    """1 % of 200 pixels at each end is 2; they come out as 0 and 1, the rest in proportion."""
    features = layer("a", 1).features.numpy().astype(np.float64)
    normal = (features - features.mean((0, 1))) / features.std((0, 1))
    shade = normal.mean(2)
    low, high = np.percentile(shade, (1, 99))
    expected = np.clip((shade - low) / (high - low), 0, 1)
    scaled = torch.from_numpy(features * (1, 100, 0.01) + (0, 5, -3))
    np.testing.assert_allclose(channel_mean(scaled), expected, atol=1e-9)
    assert (expected == 0).sum() == (expected == 1).sum() == 2


def test_features_that_do_not_vary_are_black() -> None:
    assert not channel_mean(torch.full((4, 5, 2), 7.0)).any()


def test_a_network_with_fewer_layers_has_empty_cells() -> None:
    drawn = feature_figure([[layer("a", 1), layer("a", 2)], [layer("b", 1)]])
    assert [axes.get_title() for axes in drawn.axes] == [
        "a, layer 1\nblocking 1.250",
        "a, layer 2\nblocking 1.250",
        "b, layer 1\nblocking 1.250",
        "",
    ]
    assert [axes.axison for axes in drawn.axes] == [True, True, True, False]
    np.testing.assert_allclose(
        np.asarray(drawn.axes[2].images[0].get_array()), channel_mean(layer("b", 1).features)
    )


def test_the_file_says_what_it_shows(tmp_path) -> None:
    draw_features([[layer("a", 1)], [layer("b", 2)]], "p.png", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        said = json.loads(picture.info["Description"])
        assert picture.info["Title"] == "Feature maps of p.png"
    assert said["picture"] == "p.png"
    assert said["layers"] == [
        {"model": "a", "layer": 1, "window": 4, "blocking_index": 1.25},
        {"model": "b", "layer": 2, "window": 4, "blocking_index": 1.25},
    ]
