"""Y-PSNR of the averaged weights on whole pictures, by the benchmark protocol."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from hatsr.data.pixels import modcrop
from hatsr.data.sources import DataError, Source
from hatsr.data.wholes import UNREADABLE, load
from hatsr.evaluation.metrics import psnr
from hatsr.model import HAT
from hatsr.resize import imresize


@dataclass(frozen=True, slots=True)
class Held:
    """A picture to judge by."""

    name: str
    """Stem of its file."""
    lr: UInt8[np.ndarray, "h w 3"]
    """What the network gets."""
    hr: UInt8[np.ndarray, "sr_h sr_w 3"]
    """What it should give."""


def decode_held(source: Source, scale: int) -> tuple[Held, ...]:
    """Decode the validation pictures.

    Raises:
        DataError: one cannot be read.
    """
    out = []
    for index in range(len(source)):
        name = source.name(index)
        try:
            whole = load(source, index, (scale,))
        except UNREADABLE as error:
            raise DataError(f"a validation picture must be readable, got {name}: {error}") from None
        out.append(Held(Path(name).stem, whole.lr[scale], modcrop(whole.hr, scale)))
    return tuple(out)


def to_levels(sr: Tensor) -> UInt8[np.ndarray, "h w 3"]:
    """Network output to 8 bit: clamp, times 255, round."""
    levels = sr[0].float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).cpu().numpy()


def enlarge(network: HAT, lr: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "sr_h sr_w 3"]:
    """One whole picture through the network."""
    tensor = torch.from_numpy(np.ascontiguousarray(lr.transpose(2, 0, 1)))[None]
    device = next(network.parameters()).device
    with torch.inference_mode():
        return to_levels(network(tensor.to(device).float() / 255))


def scores(
    network: HAT,
    pictures: tuple[Held, ...],
    on_picture: Callable[[int, np.ndarray], None] = lambda index, sr: None,
) -> list[float]:
    """Y-PSNR of each picture, dB. The network is in evaluation mode and stays as it is."""
    out = []
    for index, held in enumerate(pictures):
        sr = enlarge(network, held.lr)
        out.append(psnr(sr, held.hr, crop=network.config.scale))
        on_picture(index, sr)
    return out


def bicubic_score(pictures: tuple[Held, ...], scale: int) -> float:
    """Mean Y-PSNR of plain bicubic enlargement, dB: what a network must beat."""
    return float(np.mean([psnr(imresize(p.lr, scale), p.hr, crop=scale) for p in pictures]))
