"""Pictures of a benchmark as 8-bit codes: HR, and the LR that belongs to it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hatsr.image import match_names, read, to_codes
from hatsr.resize import imresize

SUFFIXES = frozenset({".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One test: what a model sees and what it should have made."""

    name: str
    """What it is called in results: its file's name, or the known name of the same pixels."""
    file: str
    """Name of the HR file without suffix."""
    hr: UInt8[np.ndarray, "sr_h sr_w 3"]
    """Cropped to a multiple of the scale."""
    lr: UInt8[np.ndarray, "h w 3"]
    gray: bool
    """The HR file has one channel; it is still read as RGB."""
    others: frozenset[str] = frozenset()
    """Names of the other HR files without suffix."""


def picture_files(folder: Path) -> list[Path]:
    """Pictures of a folder by name; not those of its subfolders."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def read_codes(path: Path) -> tuple[UInt8[np.ndarray, "h w 3"], bool]:
    """A picture as 8-bit RGB, and whether its file is gray.

    Raises:
        PictureError: the file is damaged or no picture.
        OSError: the file cannot be opened.
    """
    picture = read(path)
    return to_codes(picture.rgb, 8), picture.gray


def digest(codes: UInt8[np.ndarray, "h w 3"]) -> str:
    """SHA-256 of size and pixels: the same for every file format that is lossless."""
    size = f"{codes.shape[0]} {codes.shape[1]} ".encode()
    return hashlib.sha256(size + codes.tobytes()).hexdigest()


def load_pair(path: Path, name: str, scale: int, lr_folder: Path | None = None) -> Pair:
    """Read HR, crop it to a multiple of the scale, and make or read its LR.

    Args:
        path: HR file.
        name: what the picture is called in results.
        scale: factor between LR and HR.
        lr_folder: where LR pictures lie; by default LR is made with MATLAB's bicubic.

    Raises:
        OSError: a file cannot be opened.
        ValueError: a damaged file, HR smaller than the scale, or an LR of another size.
    """
    hr, gray = read_codes(path)
    others = frozenset(each.stem for each in picture_files(path.parent)) - {path.stem}
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if min(height, width) < 1:
        raise ValueError(
            f"HR must have sides of at least {scale}, got {hr.shape[0]} x {hr.shape[1]}"
        )
    hr = np.ascontiguousarray(hr[: height * scale, : width * scale])
    if lr_folder is None:
        lr = imresize(hr, Fraction(1, scale))
    else:
        lr, _ = read_codes(find_picture(lr_folder, path.stem, name, others=others, scale=scale))
    if lr.shape[:2] != (height, width):
        raise ValueError(
            f"LR must be {height} x {width}, the HR's size over {scale}, got "
            f"{lr.shape[0]} x {lr.shape[1]} in {lr_folder}"
        )
    return Pair(name=name, file=path.stem, hr=hr, lr=lr, gray=gray, others=others)


def find_picture(
    folder: Path, *names: str, others: Collection[str] = (), scale: int | None = None
) -> Path:
    """The picture of a name, as `hatsr.image.match_names` finds it.

    Args:
        folder: where to look.
        names: what the picture may be called; the first that is found counts.
        others: names of other pictures, to which a file belongs that begins with a longer one.
        scale: of several files, those that name it are meant.

    Raises:
        FileNotFoundError: there is no such picture.
        ValueError: several files could be meant.
    """
    files = picture_files(folder) if folder.is_dir() else []
    for name in names:
        found = match_names({name, *others}, files, scale).get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(path.name for path in found[:4])
            raise ValueError(f"{name!r} must have one picture in {folder}, got {several}")
    raise FileNotFoundError(
        f"there is no picture of {names[0]!r} in {folder}; name it {names[0]}.png or "
        f"{names[0]}_....png"
    )
