"""Keys: names of independent streams of random numbers, the same on every machine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.data.random import draw

Item = TypeVar("Item")
_WORD = (1 << 64) - 1
_SALT = 0xDE62ADE  # keeps the stream apart from the one that crops are drawn from


@dataclass(frozen=True, slots=True)
class Key:
    """The 128 bits that Philox starts from.

    A key is used once: for numbers, or to fork further keys from it.
    """

    high: int
    """The upper 64 bits."""
    low: int
    """The lower 64 bits."""

    def fork(self, count: int) -> list["Key"]:
        """Independent keys, always the same ones."""
        words = draw(self.high, self.low, 2 * count).words
        return [Key(*words[2 * i : 2 * i + 2]) for i in range(count)]

    def uniforms(self, *shape: int) -> Float[np.ndarray, "*shape"]:
        """Numbers uniform in (0, 1), of 52 bits."""
        pair = np.array([self.high, self.low], dtype=np.uint64)
        words = np.random.Philox(key=pair).random_raw(int(np.prod(shape)))
        return ((np.asarray(words) >> np.uint64(12)) + 0.5).reshape(shape) * 2.0**-52

    def uniform(self, low: float | int = 0.0, high: float | int = 1.0) -> float:
        """A number uniform between two bounds."""
        return low + (high - low) * float(self.uniforms(1)[0])

    def normals(self, *shape: int) -> Float[Tensor, "*shape"]:
        """Standard normal numbers, in double precision on the CPU."""
        return torch.special.ndtri(torch.from_numpy(self.uniforms(*shape)))

    def choose(self, weighted: Sequence[tuple[Item, float]]) -> Item:
        """One of some things, each with its weight; the weights need not add up to 1."""
        ends = np.cumsum([weight for _, weight in weighted])
        place = int(np.searchsorted(ends, self.uniform() * ends[-1], side="right"))
        return weighted[min(place, len(weighted) - 1)][0]


def sample_key(seed: int, sample: int) -> Key:
    """The key of a training sample."""
    return Key(*draw(seed ^ _SALT, sample, 2).words)


def text_key(text: str) -> Key:
    """The key that a text stands for, for example a picture's name."""
    digest = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).digest()
    return Key(int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big"))
