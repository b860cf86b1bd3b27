"""What a user should know before a small memory budget makes the work much longer."""

from collections.abc import Iterable
from pathlib import Path

from hatsr import image
from hatsr.inference.choosing import ModelChooser
from hatsr.inference.upscaler import Upscaler

_MUCH = 2.0
"""Pixels that are computed for each of the picture's, above which it is said."""


def tiling_remarks(upscaler: Upscaler | ModelChooser, paths: Iterable[Path]) -> list[str]:
    """A sentence on the first picture that a memory budget cuts into far more work, if any.

    Files are looked at by their headers; nothing is said where no budget was given, or the size
    of tiles was.

    Args:
        upscaler: what will enlarge them.
        paths: pictures.
    """
    clean = upscaler.clean if isinstance(upscaler, ModelChooser) else upscaler
    memory = clean.settings.memory
    if memory is None or clean.settings.tile is not None:
        return []
    sizes: dict[tuple[int, int], Path] = {}
    for path in paths:
        size = image.header_size(path)
        if size is not None:
            sizes.setdefault(size, path)
    for (height, width), path in sizes.items():
        work = clean.tiled.relative_work(height, width)
        if work > _MUCH:
            needed = clean.bytes_needed(height, width)
            return [
                f"{path}: a memory of {int(memory) / 1e6:.0f}MB cuts it into small tiles with "
                f"{work:.1f} times the work; whole it takes {needed / 1e6:.0f}MB"
            ]
    return []
