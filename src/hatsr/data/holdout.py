"""Pictures to validate by: a folder of their own, or held out of the training pictures."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hatsr.data.pairs import UNREADABLE, advice_for, describe_left_out, load_pair
from hatsr.data.random import draw, shuffled
from hatsr.data.sources import DataError, FolderSource, Source
from hatsr.image import modcrop

_LARGEST = 256
"""Side, LR pixels, of what is judged of a held-out picture: a whole scan would take gigabytes."""


@dataclass(frozen=True, slots=True)
class ValidationPair:
    """A picture to validate by, 8 bit."""

    name: str
    """Name of its file without suffix."""
    lr: UInt8[np.ndarray, "h w 3"]
    """What the network gets."""
    hr: UInt8[np.ndarray, "sr_h sr_w 3"]
    """What it should give; sides are those of LR times the scale."""


def decode_validation(source: Source, scale: int) -> tuple[ValidationPair, ...]:
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
    source: FolderSource, share: float, seed: int, scales: Sequence[int], patch: int
) -> tuple[FolderSource, tuple[ValidationPair, ...]]:
    """Hold out a share of the pictures, at least one and at most 20, chosen by the seed.

    Of a picture larger than 256 x 256 LR pixels the middle is judged.

    Args:
        source: all pictures.
        share: how many, over all.
        seed: of the choice.
        scales: of the tasks; the first is the network's.
        patch: largest side of an LR patch. Pictures that are too small for one at the largest
            scale are not chosen, nor are unreadable ones.

    Returns:
        The pictures left for training, and those held out.

    Raises:
        DataError: there are too few pictures.
    """
    scale, smallest = scales[0], patch * max(scales)
    count = min(20, max(1, round(len(source) * share)))
    order = draw(seed ^ 0x5917, 0, 4)
    held: dict[int, ValidationPair] = {}
    left_out: dict[str, str] = {}
    for index in (shuffled(i, len(source), order) for i in range(len(source))):
        if len(held) == count:
            break
        try:
            held[index] = _middle(_decode(source, index, scale, smallest), scale)
        except UNREADABLE as error:
            left_out[source.name(index)] = str(error)
    if not held or len(held) == len(source):
        reasons, advice = "", "add pictures or name a folder in valid.data"
        if left_out:
            reasons, advice = (
                f" ({describe_left_out(left_out)})",
                advice_for(source, patch, max(scales)),
            )
        raise DataError(
            "data.train must hold usable pictures to hold out and others to train on, got "
            f"{len(source)} of which {len(held)} would be held out{reasons}; {advice}"
        )
    return source.without(held), tuple(held[index] for index in sorted(held))


def _decode(source: Source, index: int, scale: int, smallest: int = 1) -> ValidationPair:
    pair = load_pair(source, index, (scale,), smallest)
    return ValidationPair(Path(source.name(index)).stem, pair.lr[scale], modcrop(pair.hr, scale))


def _middle(pair: ValidationPair, scale: int) -> ValidationPair:
    """Copies, so that the whole picture can be freed."""
    top, left = (max(0, side - _LARGEST) // 2 for side in pair.lr.shape[:2])
    lr = pair.lr[top : top + _LARGEST, left : left + _LARGEST]
    top, left, side = scale * top, scale * left, scale * _LARGEST
    hr = pair.hr[top : top + side, left : left + side]
    return replace(pair, lr=lr.copy(), hr=hr.copy())


def fingerprint(pictures: tuple[ValidationPair, ...]) -> str:
    """Digest of names and LR: another one, and scores cannot be compared."""
    digest = hashlib.blake2b(digest_size=8)
    for pair in pictures:
        digest.update(pair.name.encode(errors="surrogateescape"))
        digest.update(pair.lr.tobytes())
    return digest.hexdigest()
