"""What is wrong with training data, found before a run: files, pairs, repeats, leaks."""

from dataclasses import dataclass

import numpy as np

from hatsr.data.hashing import NEAR, distance, mirrored_hash, picture_hash
from hatsr.data.sources import Source
from hatsr.data.wholes import UNREADABLE, load


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding."""

    kind: str
    """unreadable, too small, repeated or leak."""
    name: str
    """The picture."""
    reason: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All of a check."""

    pictures: int
    """Looked at."""
    megapixels: float
    """Of the readable ones."""
    problems: tuple[Problem, ...]
    """In the order found."""


def check(
    source: Source, scale: int, smallest: int, tests: tuple[tuple[str, Source], ...] = ()
) -> Findings:
    """Decode everything and compare perceptual hashes, mirrored too.

    Args:
        source: training pictures; stored LR must fit HR.
        scale: of the stored LR, if there is any.
        smallest: least side of a usable HR picture (LR patch times scale).
        tests: sets that must not be in the training data, with what to call them.
    """
    tested = [(name, *_hashes(test)) for name, test in tests]
    problems: list[Problem] = []
    known: list[np.ndarray] = []
    names: list[str] = []
    pixels = 0
    for index in range(len(source)):
        name = source.name(index)
        try:
            stored = (scale,) if source.lr(index, scale) is not None else ()
            hr = load(source, index, stored).hr
        except UNREADABLE as error:
            problems.append(Problem("unreadable", name, str(error)))
            continue
        pixels += hr.shape[0] * hr.shape[1]
        if min(hr.shape[:2]) < smallest:
            size = f"{hr.shape[0]} x {hr.shape[1]}, needs {smallest}"
            problems.append(Problem("too small", name, size))
        own = np.stack([picture_hash(hr), mirrored_hash(hr)])
        again = _nearest(own, known)
        if again is not None:
            problems.append(Problem("repeated", name, f"looks like {names[again]}"))
        for test, hashes, test_names in tested:
            found = _nearest(own, hashes)
            if found is not None:
                problems.append(Problem("leak", name, f"is {test_names[found]} of {test}"))
        known.append(own[0])
        names.append(name)
    return Findings(len(source), pixels / 1e6, tuple(problems))


def _hashes(source: Source) -> tuple[list[np.ndarray], list[str]]:
    pictures = [load(source, i, ()).hr for i in range(len(source))]
    return [picture_hash(hr) for hr in pictures], [source.name(i) for i in range(len(source))]


def _nearest(own: np.ndarray, known: list[np.ndarray]) -> int | None:
    """The known picture that either hash is near to, if there is one."""
    if not known:
        return None
    bits = distance(own[:, None], np.stack(known)[None]).min(0)
    best = int(bits.argmin())
    return best if bits[best] <= NEAR else None
