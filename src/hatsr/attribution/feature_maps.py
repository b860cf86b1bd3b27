"""Feature maps after the layers that a network shows (RHAGs: figure 3), and how blocky they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.attribution.inputs import StudiedNetwork, StudiedPicture, load_networks, load_picture
from hatsr.attribution.running import frozen
from hatsr.model import WithFeatures, as_network

_FLAT = 1e-30
"""Least mean squared difference of a channel: a flat one counts nothing."""


def layer_features(network: Any, lr: Float[Tensor, "1 3 h w"]) -> list[Float[Tensor, "h w c"]]:
    """Features after each layer that a network shows, cut to the picture where it was padded.

    Layer N of figure 3 is entry N - 1.

    Args:
        network: an `nn.Module` that is `WithFeatures`.
        lr: in [0, 1].
    """
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found.append(rearrange(output, f"{network.feature_axes} -> b h w c"))

    hooks = [module.register_forward_hook(keep) for module in network.feature_modules()]
    try:
        with frozen(network), torch.no_grad():
            network(lr)
    finally:
        for hook in hooks:
            hook.remove()
    h, w = lr.shape[-2:]
    return [x[0, :h, :w].float().cpu() for x in found]


def choose_layers(network: WithFeatures, layers: Sequence[int]) -> list[int]:
    """The layers asked for, or all, counted from 1.

    Raises:
        ValueError: there is no such layer.
    """
    count = len(network.feature_modules())
    wrong = [n for n in layers if not 1 <= n <= count]
    if wrong:
        raise ValueError(f"layer must be from 1 to {count} for this network, got {wrong[0]}")
    return list(layers) or list(range(1, count + 1))


def blocking_index(features: Float[Tensor, "h w c"], window: int) -> float:
    """Mean energy of differences across window borders over that at other positions.

    A difference is the one between neighbours in a column or a row, summed over channels as
    squares. It crosses a border where the second neighbour's row (or column) is a multiple of
    the window. Each channel is first divided by the root of its mean squared difference, so that
    none decides alone. 1 means that borders do not show; above 1, blocking artefacts.

    Args:
        features: of a picture, at LR size.
        window: side of the attention windows, LR pixels, at least 2.

    Raises:
        ValueError: the picture holds no border, or no other position.
    """
    h, w, _ = features.shape
    if window < 2 or max(h, w) <= window:
        raise ValueError(
            f"features must be larger than one window of at least 2, got {h} x {w} and {window}"
        )
    x = features.double()
    down, across = x.diff(dim=0), x.diff(dim=1).transpose(0, 1)
    squares = [d.square().flatten(0, 1) for d in (down, across)]
    scale = torch.cat(squares).mean(dim=0).clamp_min(_FLAT)
    parts = [_split(d, scale, window) for d in (down, across)]
    border, other = (torch.cat(part).mean() for part in zip(*parts, strict=True))
    return float(border / other)


def _split(
    differences: Float[Tensor, "edge_h w c"], scale: Float[Tensor, " c"], window: int
) -> tuple[Float[Tensor, " border_p"], Float[Tensor, " other_p"]]:
    """Energies across borders and elsewhere, of differences along the first axis."""
    energy = (differences.square() / scale).mean(dim=2)
    crosses = torch.arange(1, len(energy) + 1) % window == 0
    return energy[crosses].flatten(), energy[~crosses].flatten()


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerMap:
    """Features of one network after one of its layers."""

    name: str
    """Name of the network."""
    layer: int
    """After which layer (RHAG), from 1."""
    features: Float[Tensor, "h w c"]
    """Output of the layer."""
    window: int
    """Whose borders the index looks at, LR pixels."""
    blocking_index: float
    """The result of `blocking_index` for these features and this window."""

    def line(self) -> str:
        """The index in words, for the terminal."""
        return (
            f"{self.name}, layer {self.layer}: blocking index {self.blocking_index:.4f} "
            f"(window {self.window})"
        )


def layer_maps(
    network: StudiedNetwork,
    picture: StudiedPicture,
    layers: Sequence[int] = (),
    window: int | None = None,
) -> list[LayerMap]:
    """Features and blocking index after some layers of a network, or all.

    Raises:
        ValueError: the network shows no features, a layer does not exist, or the picture holds no
            window border.
    """
    model = network.function
    if not isinstance(model, nn.Module) or not isinstance(model, WithFeatures):
        raise ValueError(
            f"feature maps must be asked of a network that shows them, got {network.name}; "
            "hatsr lam works with any"
        )
    chosen, side = choose_layers(model, layers), window or as_network(model).multiple
    found = layer_features(model, picture.lr.to(network.device))
    return [
        LayerMap(
            name=network.name,
            layer=n,
            features=found[n - 1],
            window=side,
            blocking_index=blocking_index(found[n - 1], side),
        )
        for n in chosen
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureMaps:
    """Feature maps of networks for one picture."""

    picture: StudiedPicture
    rows: tuple[tuple[LayerMap, ...], ...]
    """For each network, its map after each layer."""

    def lines(self) -> list[str]:
        """A line for each map, for the terminal."""
        return [layer.line() for row in self.rows for layer in row]

    def draw(self, path: Path) -> None:
        """Write the figure, with the numbers in its metadata.

        Raises:
            ValueError: an ending that is no figure's, a missing folder, or no matplotlib.
        """
        from hatsr.attribution.figures import check_figure_file

        check_figure_file(path)
        from hatsr.attribution.figures.feature_figure import draw_features  # needs the extra

        draw_features(self.rows, self.picture.name, path)


def features(
    models: Sequence[str],
    picture: str | Path,
    layers: Sequence[int] = (),
    *,
    window: int | None = None,
    is_lr: bool = False,
    device: str = "cpu",
) -> FeatureMaps:
    """Features of networks after their layers, and how blocky they are.

    Args:
        models: sources as `load_network` takes them, all of one scale.
        picture: file of the HR picture, which is made small here.
        layers: numbers from 1, of HAT those of its RHAGs; none means all.
        window: whose borders the index looks at, LR pixels; by default each network's own.
        is_lr: the file is the LR picture.
        device: where the networks run.

    Raises:
        ValueError: a model that shows no features, several scales, a layer that does not exist,
            or a picture without a window border.
        OSError: the picture cannot be opened.
    """
    networks = load_networks(models, device)
    studied = load_picture(picture, networks[0].scale, is_lr=is_lr)
    rows = (tuple(layer_maps(network, studied, layers, window)) for network in networks)
    return FeatureMaps(picture=studied, rows=tuple(rows))
