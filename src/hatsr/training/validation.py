"""Y-PSNR of the averaged weights on whole pictures, by the benchmark protocol."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from hatsr.data import ValidationPair
from hatsr.data.degrade import under_condition
from hatsr.evaluation.metrics import psnr
from hatsr.image import from_tensor, to_codes
from hatsr.model import as_network
from hatsr.resize import imresize


def under_conditions(
    pairs: tuple[ValidationPair, ...], conditions: Sequence[str]
) -> tuple[ValidationPair, ...]:
    """Every picture under every condition, by fixed keys; the name tells both.

    Clean LR alone (one condition, `clean`) leaves the names as they are.
    """
    if list(conditions) == ["clean"]:
        return pairs
    return tuple(
        ValidationPair(
            f"{p.name}-{condition}", under_condition(condition, p.lr, p.hr, p.name), p.hr
        )
        for condition in conditions
        for p in pairs
    )


def upscale_codes(
    network: nn.Module, lr: UInt8[np.ndarray, "h w 3"]
) -> UInt8[np.ndarray, "sr_h sr_w 3"]:
    """One whole picture through the network."""
    tensor = torch.from_numpy(np.ascontiguousarray(lr.transpose(2, 0, 1)))[None]
    device = next(network.parameters()).device
    with torch.inference_mode():
        return to_codes(from_tensor(network(tensor.to(device).float() / 255)))


def scores(
    network: nn.Module,
    pictures: tuple[ValidationPair, ...],
    on_picture: Callable[[int, np.ndarray], None] = lambda index, sr: None,
) -> list[float]:
    """Y-PSNR of each picture, dB.

    Args:
        network: in evaluation mode; it stays as it is.
        pictures: what to judge by.
        on_picture: told the place of each picture and its SR.
    """
    out = []
    for index, pair in enumerate(pictures):
        sr = upscale_codes(network, pair.lr)
        out.append(psnr(sr, pair.hr, crop=as_network(network).scale))
        on_picture(index, sr)
    return out


def bicubic_score(pictures: tuple[ValidationPair, ...], scale: int) -> float:
    """Mean Y-PSNR of plain bicubic enlargement, dB: what a network must beat."""
    return float(np.mean([psnr(imresize(p.lr, scale), p.hr, crop=scale) for p in pictures]))
