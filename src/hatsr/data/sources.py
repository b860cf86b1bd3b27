"""Where pictures come from: folders (and, in `shards`, tar files)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from hatsr.data.pixels import decode

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm")


class DataError(ValueError):
    """Data that cannot be trained on; the message names the file and says what to do."""


@runtime_checkable
class Source(Protocol):
    """Pictures by number."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What a person would call the picture."""
        ...

    def hr(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """The high-resolution picture."""
        ...

    def lr(self, index: int, scale: int) -> UInt8[np.ndarray, "h w 3"] | None:
        """The low-resolution picture where the source stores one."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Pictures in folders, HR alone or HR with an LR folder."""

    paths: tuple[Path, ...]
    """HR files, in the order of their numbers."""
    lr_paths: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    """LR files by scale, in the same order."""

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """The path of the HR file."""
        return str(self.paths[index])

    def hr(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode the HR file."""
        return decode(self.paths[index])

    def lr(self, index: int, scale: int) -> UInt8[np.ndarray, "h w 3"] | None:
        """Decode the LR file, if there are any of this scale."""
        return decode(self.lr_paths[scale][index]) if scale in self.lr_paths else None

    def without(self, indices: Iterable[int]) -> "Folder":
        """The same folder with some pictures left out."""
        left_out = set(indices)
        keep = [i for i in range(len(self)) if i not in left_out]
        return Folder(
            tuple(self.paths[i] for i in keep),
            {scale: tuple(paths[i] for i in keep) for scale, paths in self.lr_paths.items()},
        )


def list_pictures(folder: Path) -> list[Path]:
    """All picture files below a folder, sorted by path; hidden files are passed over.

    Raises:
        DataError: no folder, or no picture in it.
    """
    if not folder.is_dir():
        raise DataError(f"a data folder must exist, got {folder}; give its path in the recipe")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )
    if not found:
        raise DataError(f"{folder} must hold pictures ({', '.join(ENDINGS)}), got none")
    return found


def open_folders(folders: Sequence[Path], lr_folder: Path | None = None, scale: int = 4) -> Folder:
    """Folders of HR pictures, with the LR folder that goes with a single HR folder.

    Raises:
        DataError: nothing found, or an HR picture without its LR.
    """
    paths = tuple(path for folder in folders for path in list_pictures(folder))
    if lr_folder is None:
        return Folder(paths)
    if len(folders) != 1:
        raise DataError(f"an LR folder must go with one HR folder, got {len(folders)} of them")
    return Folder(paths, {scale: match_lr(paths, lr_folder, scale)})


def match_lr(paths: Sequence[Path], lr_folder: Path, scale: int) -> tuple[Path, ...]:
    """For each HR file the LR file of the same stem, also as `<stem>x<scale>` (DIV2K's way).

    Raises:
        DataError: some HR files have no partner; the message names the first.
    """
    by_stem = {path.stem: path for path in list_pictures(lr_folder)}
    partners = [by_stem.get(p.stem) or by_stem.get(f"{p.stem}x{scale}") for p in paths]
    alone = [path.name for path, lr in zip(paths, partners, strict=True) if lr is None]
    if alone:
        raise DataError(
            f"each HR picture must have its LR in {lr_folder}, got none for {len(alone)} of "
            f"{len(paths)}, first {alone[0]}"
        )
    return tuple(lr for lr in partners if lr is not None)
