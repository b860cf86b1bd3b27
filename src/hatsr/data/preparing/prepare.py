"""Large pictures into shards of sub-images: cut, checked, each picture once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lcm
from pathlib import Path

import numpy as np

from hatsr.data.pairs import UNREADABLE
from hatsr.data.pictures import decode, downsample
from hatsr.data.preparing.hashing import picture_hash
from hatsr.data.preparing.shard_writer import ShardWriter
from hatsr.data.sources import DataError, pictures_in


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """How pictures are cut."""

    size: int = 480
    """Side of a sub-image, HR pixels; 0 keeps pictures whole."""
    step: int = 240
    """Distance between sub-images, HR pixels."""
    scales: tuple[int, ...] = ()
    """Scales whose LR is stored; cut out of the LR of the whole picture."""

    def __post_init__(self) -> None:
        for scale in self.scales:
            if scale < 1:
                raise ValueError(f"scale must be at least 1, got {scale}")
            if self.size % scale or self.step % scale:
                raise ValueError(
                    f"size and step must be multiples of the scale {scale}, got {self.size} and "
                    f"{self.step}"
                )
        if self.size < 0 or self.step < 1:
            raise ValueError(f"step must be at least 1, got {self.step} with size {self.size}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a preparation wrote and what it left out."""

    manifest: Path
    """The file to name in a recipe's data.train."""
    pictures: int
    """How many files were read."""
    cuts: int
    """How many sub-images were written."""
    left_out: dict[str, str]
    """Files that were left out, and the reason of each."""


def starts(side: int, size: int, step: int, scales: tuple[int, ...] = ()) -> list[int]:
    """Where sub-images begin along a side; the last one reaches the end, all but some pixels.

    That one begins on a multiple of 12 and of every scale, as LR has no place between pixels.

    A side shorter than `size` has one sub-image, of the whole side.
    """
    if side <= size:
        return [0]
    unit = lcm(12, *scales)
    last = (side - size) // unit * unit
    return sorted({*range(0, last, step), last})


def cuts(
    hr: np.ndarray, cut: Cut
) -> Iterator[tuple[tuple[int, int], np.ndarray, dict[int, np.ndarray]]]:
    """Corner, HR and LR of every sub-image of a picture."""
    lr = {scale: downsample(hr, scale) for scale in cut.scales}
    size = cut.size or max(hr.shape)
    for top in starts(hr.shape[0], size, cut.step, cut.scales):
        for left in starts(hr.shape[1], size, cut.step, cut.scales):
            at = slice(top, top + size), slice(left, left + size)
            small = {s: _shrunk(picture, at, s) for s, picture in lr.items()}
            yield (top, left), np.ascontiguousarray(hr[at]), small


def _shrunk(lr: np.ndarray, at: tuple[slice, slice], scale: int) -> np.ndarray:
    rows, cols = (slice(s.start // scale, s.stop // scale) for s in at)
    return np.ascontiguousarray(lr[rows, cols])


def prepare(
    folders: list[Path],
    out: Path,
    cut: Cut,
    per_shard: int = 1000,
    say: Callable[[str], None] = lambda text: None,
) -> Prepared:
    """Write shards from folders of pictures. Broken, repeated and small files are left out.

    Args:
        folders: of HR pictures.
        out: an empty or new folder.
        cut: how to cut.
        per_shard: sub-images in a tar.
        say: told of everything left out.

    Raises:
        DataError: nothing usable, or `out` is not empty.
    """
    paths = [path for folder in folders for path in pictures_in(folder)]
    seen: dict[bytes, Path] = {}
    left_out: dict[str, str] = {}
    lines: list[str] = []
    with ShardWriter(out, cut.scales, per_shard) as writer:
        for path in paths:
            hr, reason = _usable(path, cut, seen)
            if hr is None:
                left_out[str(path)] = reason
                say(f"left out {path}: {reason}")
                continue
            for corner, patch, lr in cuts(hr, cut):
                writer.add(patch, lr)
                lines.append(json.dumps({"file": path.name, "top": corner[0], "left": corner[1]}))
        if not writer.count:
            raise DataError(
                f"prepare must be given usable pictures, got none in {len(paths)} files"
            )
        about = {"files": len(paths) - len(left_out), "size": cut.size, "step": cut.step}
        manifest = writer.close(about, lines)
    return Prepared(manifest, len(paths), writer.count, left_out)


def _usable(path: Path, cut: Cut, seen: dict[bytes, Path]) -> tuple[np.ndarray | None, str]:
    """The picture, or the reason why it is left out."""
    try:
        hr = decode(path)
    except UNREADABLE as error:
        return None, str(error)
    if min(hr.shape[:2]) < max(cut.scales, default=1):
        return None, f"too small, {hr.shape[0]} x {hr.shape[1]}"
    key = picture_hash(hr).tobytes() + np.asarray(hr.shape).tobytes()
    if key in seen:
        return None, f"the same picture as {seen[key]}"
    seen[key] = path
    return hr, ""
