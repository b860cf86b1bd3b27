"""What is wrong with training data, found before a run: files, pairs, repeats, leaks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hatsr.data.pairs import UNREADABLE, Pair, load_pair
from hatsr.data.preparing.hashing import NEAR, UNLIKE, distance, mirrored_hash, picture_hash
from hatsr.data.sources import DataError, Source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one picture."""

    kind: str
    """unreadable, too small, wrong LR, repeated or leak."""
    name: str
    """Name of the picture in its source."""
    reason: str
    """What was found, for a person to read."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a check found."""

    pictures: int
    """How many pictures were looked at."""
    megapixels: float
    """HR pixels of the readable ones, in millions."""
    problems: tuple[Problem, ...]
    """Problems in the order in which they were found."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Names and perceptual hashes of the pictures seen so far."""

    names: list[str] = field(default_factory=list[str])
    hashes: list[np.ndarray] = field(default_factory=list[np.ndarray])

    def add(self, name: str, picture_hash: np.ndarray) -> None:
        self.names.append(name)
        self.hashes.append(picture_hash)

    def near(self, *hashes: np.ndarray) -> str | None:
        """The picture that one of the hashes is nearest to, if it is near."""
        if not self.hashes:
            return None
        bits = distance(np.stack(hashes)[:, None], np.stack(self.hashes)[None]).min(0)
        best = int(bits.argmin())
        return self.names[best] if bits[best] <= NEAR else None


def check(
    source: Source, scale: int, smallest: int, tests: tuple[tuple[str, Source], ...] = ()
) -> Findings:
    """Decode everything and compare perceptual hashes, mirrored too.

    Args:
        source: training pictures; stored LR must fit HR and show the same.
        scale: of the stored LR, if there is any.
        smallest: least side of a usable HR picture (LR patch times scale).
        tests: sets that must not be in the training data, with what to call them.
    """
    problems: list[Problem] = []
    tested = {name: _hash_all(test, problems) for name, test in tests}
    hr_known, lr_known, pixels = _Hashed(), _Hashed(), 0
    for name, pair in _readable(source, scale, problems):
        height, width = pair.hr.shape[:2]
        pixels += height * width
        if min(height, width) < smallest:
            problems.append(Problem("too small", name, f"{height} x {width}, needs {smallest}"))
        own = picture_hash(pair.hr), mirrored_hash(pair.hr)
        if again := hr_known.near(*own):
            problems.append(Problem("repeated", name, f"looks like {again}"))
        for test, hashed in tested.items():
            if found := hashed.near(*own):
                problems.append(Problem("leak", name, f"is {found} of {test}"))
        hr_known.add(name, own[0])
        for lr in pair.lr.values():
            lr_known.add(name, picture_hash(lr))
    problems += _wrong_lr(hr_known, lr_known)
    return Findings(len(source), pixels / 1e6, tuple(problems))


def _readable(source: Source, scale: int, problems: list[Problem]) -> Iterator[tuple[str, Pair]]:
    """Names and pictures with their stored LR; those that cannot be read go to the problems."""
    stored = (scale,) if scale in source.scales else ()
    for index in range(len(source)):
        name = source.name(index)
        try:
            pair = load_pair(source, index, stored)
        except UNREADABLE as error:
            kind = "wrong LR" if isinstance(error, DataError) else "unreadable"
            problems.append(Problem(kind, name, str(error)))
        else:
            yield name, pair


def _hash_all(test: Source, problems: list[Problem]) -> _Hashed:
    hashed = _Hashed()
    for name, pair in _readable(test, 0, problems):
        hashed.add(name, picture_hash(pair.hr))
    return hashed


def _wrong_lr(hr: _Hashed, lr: _Hashed) -> Iterator[Problem]:
    """LR that is near to the HR of another picture, or unlike its own."""
    for index, (name, stored) in enumerate(zip(lr.names, lr.hashes, strict=True)):
        bits = distance(hr.hashes[index], stored)
        other = hr.near(stored) if bits > NEAR else None
        if other:
            yield Problem("wrong LR", name, f"its LR is that of {other}")
        elif bits >= UNLIKE:
            yield Problem("wrong LR", name, "its LR shows another picture")
