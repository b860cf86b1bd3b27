"""Counter-based randomness: sample k of seed s is a pure function of (s, k).

Nothing here has a state, so that a resumed run, another number of workers or of processes draws
the same samples in the same order. The numbers come from the raw output of Philox, which numpy
guarantees not to change.
"""

from dataclasses import dataclass

import numpy as np

_ROUNDS = 4
_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Draws:
    """Independent numbers for one sample, addressed by their place."""

    words: tuple[int, ...]
    """64 random bits each."""

    def below(self, place: int, limit: int) -> int:
        """The number at `place`, uniform on 0 .. limit - 1."""
        return (self.words[place] * limit) >> 64


def draw(seed: int, sample: int, count: int) -> Draws:
    """`count` numbers for sample `sample` of `seed`."""
    key = np.array([seed & _WORD, sample & _WORD], dtype=np.uint64)
    return Draws(tuple(np.random.Philox(key=key).random_raw(count).tolist()))


def step_seed(seed: int, step: int, rank: int) -> int:
    """Seed of torch's own generator (drop-path) for one step of one process."""
    return draw(seed ^ 0x5EED, (step << 16) | rank, 1).words[0] >> 1


def shuffled(position: int, length: int, key: Draws) -> int:
    """Where a keyed permutation of 0 .. length - 1 sends `position`, in constant memory.

    A balanced Feistel network on the next even number of bits; what falls outside is sent on
    until it falls inside.
    """
    half = max(1, ((length - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = position >> half, position & mask
        for word in key.words[:_ROUNDS]:
            left, right = right, left ^ (_scramble(right ^ word) & mask)
        position = (left << half) | right
        if position < length:
            return position


def _scramble(x: int) -> int:
    """Mix 64 bits so that the low ones depend on all (splitmix's finaliser)."""
    x &= _WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _WORD
    return x ^ (x >> 31)


def picture_of(seed: int, sample: int, length: int) -> int:
    """Which of `length` pictures a sample shows: each once an epoch, in a new order each epoch."""
    epoch, position = divmod(sample, length)
    return shuffled(position, length, draw(seed ^ 0xE90C, epoch, _ROUNDS))
