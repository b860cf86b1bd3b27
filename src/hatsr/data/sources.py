"""Where pictures come from: folders (and, in `shards`, tar files)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from hatsr.data.pictures import decode
from hatsr.image import READABLE, header_size, list_pictures, list_unreadable, match_names


class DataError(ValueError):
    """Data that cannot be trained on; the message names the file and says what to do."""


@runtime_checkable
class Source(Protocol):
    """Pictures by number."""

    @property
    def scales(self) -> tuple[int, ...]:
        """Scales whose LR is stored."""
        ...

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

    def fingerprint(self) -> str:
        """The same for the same pictures in the same order, wherever they are."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Pictures in folders, HR alone or HR with an LR folder."""

    paths: tuple[Path, ...]
    """HR files, in the order of their numbers."""
    lr_paths: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    """LR files by scale, in the same order."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def scales(self) -> tuple[int, ...]:
        """Scales whose LR is stored."""
        return tuple(self.lr_paths)

    def name(self, index: int) -> str:
        """The path of the HR file."""
        return str(self.paths[index])

    def hr(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """Decode the HR file."""
        return decode(self.paths[index])

    def lr(self, index: int, scale: int) -> UInt8[np.ndarray, "h w 3"] | None:
        """Decode the LR file, if there are any of this scale."""
        return decode(self.lr_paths[scale][index]) if scale in self.lr_paths else None

    def fingerprint(self) -> str:
        """Digest of the files' names and sizes."""
        digest = hashlib.blake2b(digest_size=8)
        for path in (*self.paths, *(path for paths in self.lr_paths.values() for path in paths)):
            digest.update(f"{path.name}/{path.stat().st_size}/".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def seems_usable(self, index: int, scales: Sequence[int], smallest: int) -> bool:
        """Whether the headers promise a large enough HR and an LR that fits; nothing is decoded."""
        hr = header_size(self.paths[index])
        if hr is None or min(hr) < smallest:
            return False
        stored = [scale for scale in scales if scale in self.lr_paths]
        # Sorted, because a header tells the size before the picture is turned upright.
        return all(
            sorted(header_size(self.lr_paths[scale][index]) or ()) == sorted(s // scale for s in hr)
            for scale in stored
        )

    def without(self, indices: Iterable[int]) -> "FolderSource":
        """The same folder with some pictures left out."""
        left_out = set(indices)
        keep = [i for i in range(len(self)) if i not in left_out]
        return FolderSource(
            tuple(self.paths[i] for i in keep),
            {scale: tuple(paths[i] for i in keep) for scale, paths in self.lr_paths.items()},
        )


def pictures_in(folder: Path) -> list[Path]:
    """All pictures below a folder, sorted by path; see `hatsr.image.list_pictures`.

    Raises:
        DataError: no folder, or no picture in it.
    """
    if not folder.is_dir():
        raise DataError(
            f"a data folder must exist, got {folder}; give the path of a folder with pictures"
        )
    found = list_pictures(folder, recursive=True)
    if not found:
        others = sorted({path.suffix for path in list_unreadable(folder, recursive=True)})
        kinds = f"only {', '.join(others)}; convert them to PNG" if others else "none"
        raise DataError(f"{folder} must hold pictures ({', '.join(sorted(READABLE))}), got {kinds}")
    return found


def open_folders(
    folders: Sequence[Path], lr_folder: Path | None = None, scale: int = 4
) -> FolderSource:
    """Folders of HR pictures, with the LR folder that goes with a single HR folder.

    Raises:
        DataError: nothing found, or an HR picture without its LR.
    """
    paths = tuple(path for folder in folders for path in pictures_in(folder))
    if lr_folder is None:
        return FolderSource(paths)
    if len(folders) != 1:
        raise DataError(f"an LR folder must go with one HR folder, got {len(folders)} of them")
    names = [path.relative_to(folders[0]) for path in paths]
    return FolderSource(paths, {scale: match_lr(names, lr_folder, scale)})


def match_lr(names: Sequence[Path], lr_folder: Path, scale: int) -> tuple[Path, ...]:
    """For each HR file the LR file in the same subfolder, as `hatsr.image.match_names` finds it.

    Args:
        names: HR files, relative to their folder.
        lr_folder: of the LR files.
        scale: of the LR files.

    Raises:
        DataError: some HR files have no LR, or several; the message names the first.
    """
    files = _by_folder((path.relative_to(lr_folder), path) for path in pictures_in(lr_folder))
    partners: dict[Path, list[Path]] = {}
    for folder, inside in _by_folder((name, name) for name in names).items():
        matched = match_names({name.stem for name in inside}, files.get(folder, ()), scale)
        partners |= {name: matched.get(name.stem, []) for name in inside}
    for what, unfit in (
        ("none", [name for name in names if not partners[name]]),
        ("several", [name for name in names if len(partners[name]) > 1]),
    ):
        if unfit:
            found = ", ".join(path.name for path in partners[unfit[0]][:3])
            among = f" ({found})" if found else ""
            raise DataError(
                f"each HR picture must have its LR in {lr_folder}, got {what} for {len(unfit)} of "
                f"{len(names)}, first {unfit[0]}{among}; give it the same place and name there"
            )
    return tuple(partners[name][0] for name in names)


def _by_folder(places: Iterable[tuple[Path, Path]]) -> dict[Path, list[Path]]:
    """Files by the folder that their place is in."""
    folders: dict[Path, list[Path]] = {}
    for place, path in places:
        folders.setdefault(place.parent, []).append(path)
    return folders
