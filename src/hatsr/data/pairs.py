"""Pictures with their LR, decoded in memory within a budget or read when asked for.

The benchmarks shrink the whole picture and crop afterwards; so does training on folders, so that
a training LR patch is exactly what the same place of a test picture would be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from hatsr.data.pictures import downsample
from hatsr.data.sources import DataError, FolderSource, Source
from hatsr.image import header_size

UNREADABLE = (OSError, ValueError)
"""What decoders raise for a broken file."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture and its LR at every scale of a run."""

    hr: np.ndarray
    """HR, h w 3, 8 bit."""
    lr: dict[int, np.ndarray]
    """LR by scale, 8 bit; empty where LR is made from crops."""

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return self.hr.nbytes + sum(lr.nbytes for lr in self.lr.values())


def load_pair(source: Source, index: int, scales: Sequence[int], smallest: int = 1) -> Pair:
    """Decode a picture and make, or read, its LR at each scale.

    Raises:
        OSError, ValueError: it cannot be decoded, has a side below `smallest` HR pixels, or a
            stored LR does not fit its HR.
    """
    hr, lr = source.hr(index), {}
    if min(hr.shape[:2]) < smallest:
        raise DataError(
            f"an HR picture must have sides of at least {smallest} (patch times scale), "
            f"got {hr.shape[0]} x {hr.shape[1]}"
        )
    for scale in scales:
        stored = source.lr(index, scale)
        lr[scale] = downsample(hr, scale) if stored is None else stored
        wanted = (hr.shape[0] // scale, hr.shape[1] // scale)
        if lr[scale].shape[:2] != wanted:
            raise DataError(f"its LR must be {wanted} at x{scale}, got {lr[scale].shape[:2]}")
    return Pair(hr, lr)


@dataclass(frozen=True)
class PairCache:
    """Pictures of a source by number, the first ones kept in memory.

    Workers that are forked from the process that made this share its memory.
    """

    source: Source
    """Where the pictures come from."""
    scales: tuple[int, ...]
    """Scales at which a whole LR is wanted; none where LR is made from crops."""
    smallest: int = 1
    """Least side of an HR picture that can be used."""
    kept: tuple[Pair, ...] = ()
    """Decoded pictures 0, 1, ..."""
    indices: tuple[int, ...] | None = None
    """Numbers in the source of the usable pictures; None for all of it."""
    broken: dict[str, str] = field(default_factory=dict)
    """Pictures that were left out when this was made: name and reason."""

    def __len__(self) -> int:
        return len(self.source) if self.indices is None else len(self.indices)

    def _at(self, index: int) -> int:
        return index if self.indices is None else self.indices[index]

    def name(self, index: int) -> str:
        """The picture's name."""
        return self.source.name(self._at(index))

    def get(self, index: int) -> Pair:
        """The picture; decoded now if it is not kept."""
        if index < len(self.kept):
            return self.kept[index]
        return load_pair(self.source, self._at(index), self.scales, self.smallest)

    @property
    def bytes_kept(self) -> int:
        """Memory used by decoded pictures."""
        return sum(pair.size for pair in self.kept)


def keep_in_memory(
    source: Source,
    scales: tuple[int, ...],
    budget: int,
    smallest: int = 1,
) -> PairCache:
    """Decode a source once and keep it, if all of it fits; leave out what cannot be used.

    Args:
        source: the pictures.
        scales: scales of the LR pictures to keep beside.
        budget: bytes. A source that is larger is read when asked for, with nothing kept: an
            estimate from the first pictures decides. The headers of a folder's other files then
            tell what to leave out, so that the samples are the same as with all of it kept.
        smallest: least side of an HR picture; pictures with smaller ones are left out.
    """
    kept: list[Pair] = []
    indices: list[int] = []
    broken: dict[str, str] = {}
    used, keeping = 0, True
    for index in range(len(source)):
        is_folder = isinstance(source, FolderSource)
        if not keeping and is_folder and source.seems_usable(index, scales, smallest):
            indices.append(index)
            continue
        try:
            pair = load_pair(source, index, scales, smallest)
        except UNREADABLE as error:
            broken[source.name(index)] = str(error)
            continue
        indices.append(index)
        used += pair.size
        enough = max(index + 1, min(_ENOUGH, len(source)))
        if keeping and used * len(source) > budget * enough:
            if not is_folder:
                return PairCache(source, scales, smallest)  # a million in shards cost nothing
            keeping = False
            kept.clear()
        elif keeping:
            kept.append(pair)
    return PairCache(source, scales, smallest, tuple(kept), tuple(indices), broken)


def describe_left_out(left_out: Mapping[str, str]) -> str:
    """The first three pictures that were left out, with their reasons, and how many more."""
    first = [f"{name}: {reason}" for name, reason in islice(left_out.items(), 3)]
    more = len(left_out) - len(first)
    return "; ".join([*first, f"and {more} more"] if more else first)


def advice_for(source: Source, patch: int, scale: int) -> str:
    """What to do about a source of which too little can be used; judged by a folder's headers.

    Args:
        source: the pictures.
        patch: largest side of an LR patch.
        scale: the largest of the run.
    """
    paths = source.paths if isinstance(source, FolderSource) else ()
    sides = [min(size) for size in map(header_size, paths) if size]
    if sides and scale <= max(sides) < patch * scale:
        fitting = max(sides) // scale
        return f"give data.patch={fitting} or less (data.stages alike), or add larger pictures"
    if source.scales:
        return "add pictures, and give LR of the network's scale"
    return "add pictures"


_ENOUGH = 16
"""Pictures after which the estimate of a source's size is trusted."""
