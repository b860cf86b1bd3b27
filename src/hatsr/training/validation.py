"""Y-PSNR of the averaged weights on whole pictures, by the benchmark protocol."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from hatsr.data.degrade import under_condition
from hatsr.data.pixels import modcrop
from hatsr.data.sampling import draw, shuffled
from hatsr.data.sources import DataError, Folder, Source
from hatsr.data.wholes import UNREADABLE, load
from hatsr.evaluation.metrics import psnr
from hatsr.model import HAT
from hatsr.resize import imresize

_LARGEST = 256
"""Side, LR pixels, of what is judged of a held-out picture: a whole scan would take gigabytes."""


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
        try:
            out.append(_decode(source, index, scale))
        except UNREADABLE as error:
            name = source.name(index)
            raise DataError(f"a validation picture must be readable, got {name}: {error}") from None
    return tuple(out)


def hold_out(
    source: Folder, share: float, seed: int, scale: int, smallest: int
) -> tuple[Folder, tuple[Held, ...]]:
    """Hold out a share of the pictures, at least one and at most 20, chosen by the seed.

    Of a picture larger than 256 x 256 LR pixels the middle is judged.

    Args:
        source: all pictures.
        share: how many, over all.
        seed: of the choice.
        scale: of the network.
        smallest: least side, HR pixels; smaller and unreadable pictures are not chosen.

    Returns:
        The pictures left for training, and those held out.

    Raises:
        DataError: there are too few pictures.
    """
    count = min(20, max(1, round(len(source) * share)))
    order = draw(seed ^ 0x5917, 0, 4)
    held: dict[int, Held] = {}
    for index in (shuffled(i, len(source), order) for i in range(len(source))):
        if len(held) == count:
            break
        with suppress(*UNREADABLE):
            held[index] = _middle(_decode(source, index, scale, smallest), scale)
    if not held or len(held) == len(source):
        raise DataError(
            "data.train must hold usable pictures to hold out and others to train on, got "
            f"{len(source)} of which {len(held)} would be held out; add pictures or name a folder "
            "in valid.data"
        )
    return source.without(held), tuple(held[index] for index in sorted(held))


def _decode(source: Source, index: int, scale: int, smallest: int = 1) -> Held:
    whole = load(source, index, (scale,), smallest)
    return Held(Path(source.name(index)).stem, whole.lr[scale], modcrop(whole.hr, scale))


def _middle(held: Held, scale: int) -> Held:
    """Copies, so that the whole picture can be freed."""
    top, left = (max(0, side - _LARGEST) // 2 for side in held.lr.shape[:2])
    lr = held.lr[top : top + _LARGEST, left : left + _LARGEST]
    top, left, side = scale * top, scale * left, scale * _LARGEST
    hr = held.hr[top : top + side, left : left + side]
    return replace(held, lr=lr.copy(), hr=hr.copy())


def under_conditions(pictures: tuple[Held, ...], conditions: Sequence[str]) -> tuple[Held, ...]:
    """Every picture under every condition, by fixed keys; the name tells both.

    Clean LR alone (one condition, `clean`) leaves the names as they are.
    """
    if list(conditions) == ["clean"]:
        return pictures
    return tuple(
        Held(f"{p.name}-{condition}", under_condition(condition, p.lr, p.hr, p.name), p.hr)
        for condition in conditions
        for p in pictures
    )


def fingerprint(pictures: tuple[Held, ...]) -> str:
    """Digest of names and LR: another one, and scores cannot be compared."""
    digest = hashlib.blake2b(digest_size=8)
    for held in pictures:
        digest.update(held.name.encode(errors="surrogateescape"))
        digest.update(held.lr.tobytes())
    return digest.hexdigest()


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
