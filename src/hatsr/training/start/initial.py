"""Weights before the first step: taken from another network, or plain interpolation."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from hatsr.checkpoint import make_network, read, resolve, shorten
from hatsr.model import NetworkConfig, WithInterpolation, as_network
from hatsr.resize import imresize


@dataclass(frozen=True, slots=True)
class Transfer:
    """Which tensors a network took from a checkpoint."""

    source: str
    """Path of the checkpoint."""
    taken: tuple[str, ...]
    """Names found with the same shape."""
    missing: tuple[str, ...]
    """Names that the checkpoint lacks: they keep their fresh values."""
    unfit: tuple[str, ...]
    """Names there with another shape: left out, fresh values kept."""
    unused: tuple[str, ...]
    """Names in the checkpoint that the network lacks."""

    def __str__(self) -> str:
        lines = [f"{len(self.taken)} tensors taken from {self.source}"]
        for what, names in (
            ("left out, another shape", self.unfit),
            ("left out, no place for them", self.unused),
            ("fresh, not in the file", self.missing),
        ):
            if names:
                lines.append(f"{len(names)} {what}: {shorten(list(names), 8)}")
        return "\n".join(lines)


def transfer(network: nn.Module, source: str) -> Transfer:
    """Take what matches by name and shape, from the averaged weights of a checkpoint.

    Args:
        network: changed in place.
        source: see `hatsr.checkpoint.resolve`.

    Raises:
        ValueError: there is no such checkpoint, or nothing in it matches.
    """
    try:
        path = resolve(source)
        given, own = read(path).tensors, network.state_dict()
    except (ValueError, OSError) as error:
        raise ValueError(f"start.checkpoint: {error}") from error
    fits = {name: given[name] for name in own if name in given}
    unfit = tuple(name for name, tensor in fits.items() if tensor.shape != own[name].shape)
    taken = {name: tensor for name, tensor in fits.items() if name not in unfit}
    if not taken:
        raise ValueError(
            f"start.checkpoint must share tensors with the network, got none in {path}"
        )
    network.load_state_dict(taken, strict=False)
    missing = tuple(name for name in own if name not in given)
    unused = tuple(name for name in given if name not in own)
    return Transfer(str(path), tuple(taken), missing, unfit, unused)


def start_as_interpolation(network: nn.Module) -> None:
    """Make the network equal to enlargement by a 3 x 3 kernel, the nearest to the bicubic one.

    Raises:
        ValueError: the network cannot be that, or not with its configuration.
    """
    if not isinstance(network, WithInterpolation):
        raise ValueError(
            "start.interpolate must be false for a network that cannot begin as interpolation, "
            f"got {type(network).__name__}"
        )
    kernels = torch.from_numpy(interpolation_kernels(as_network(network).scale))
    try:
        network.become_interpolation(kernels.to(next(network.parameters())))
    except ValueError as error:
        raise ValueError(f"start.interpolate must be false for this network: {error}") from error


def check_interpolation(config: NetworkConfig) -> None:
    """Refuse a network that cannot begin as interpolation, without making its weights.

    Raises:
        ValueError: as `start_as_interpolation`.
    """
    with torch.device("meta"):
        network = make_network(config)
    start_as_interpolation(network)


def interpolation_kernels(scale: int) -> Float[np.ndarray, "phases 3 3"]:
    """For each place in an enlarged pixel the 3 x 3 weights; each sums to 1.

    The bicubic weights, with what lies two pixels off folded onto the nearest ring.
    """
    impulses = imresize(np.eye(9), size=(9 * scale, 9))  # enlarged along height only
    taps = impulses[4 * scale : 5 * scale]  # phases of the middle pixel
    near = taps[:, 3:6].copy()
    near[:, 0] += taps[:, :3].sum(1)
    near[:, 2] += taps[:, 6:].sum(1)
    return np.einsum("ay,bx->abyx", near, near).reshape(scale * scale, 3, 3)
