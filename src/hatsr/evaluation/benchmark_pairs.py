"""Pictures of a benchmark as 8-bit codes: HR, and the LR that belongs to it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hatsr.image import Codes, list_pictures, match_names, modcrop, read, to_codes
from hatsr.resize import imresize


@dataclass(frozen=True, kw_only=True, slots=True)
class HRPicture:
    """A file of a test set, read."""

    path: Path
    codes: Codes
    """All of it, whatever the scale."""
    gray: bool
    """The file has one channel; it is still read as RGB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkPair:
    """One test: what a model sees and what it should have made."""

    data: str
    """Name of the set."""
    name: str
    """What it is called in results: its file's name, or the known name of the same pixels."""
    file: str
    """Name of the HR file without suffix."""
    hr: UInt8[np.ndarray, "sr_h sr_w 3"]
    """Cropped to a multiple of the scale."""
    lr: UInt8[np.ndarray, "h w 3"]
    gray: bool
    """The HR file has one channel; it is still read as RGB."""
    hr_digest: str
    """First 16 hexadecimal digits of the digest of `hr`."""
    lr_digest: str
    """The same of `lr`; empty where it is made from `hr`."""
    others: frozenset[str]
    """Names of all HR files of the set without suffix."""


class PictureFolder:
    """The pictures of a folder, listed once and found by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = list_pictures(path, recursive=False) if path.is_dir() else []

    def __str__(self) -> str:
        return str(self.path)

    def find(self, *names: str, others: Collection[str] = (), scale: int | None = None) -> Path:
        """The picture of a name, as `hatsr.image.match_names` finds it.

        Args:
            names: what the picture may be called; the first that is found counts.
            others: names of other pictures, to which a file belongs that begins with a longer one.
            scale: of several files, those that name it are meant.

        Raises:
            FileNotFoundError: there is no such picture.
            ValueError: several files could be meant.
        """
        for name in names:
            found = match_names({name, *others}, self.files, scale).get(name, [])
            if len(found) == 1:
                return found[0]
            if found:
                several = ", ".join(path.name for path in found[:4])
                raise ValueError(f"{name!r} must have one picture in {self}, got {several}")
        raise FileNotFoundError(
            f"there is no picture of {names[0]!r} in {self}; name it {names[0]}.png or "
            f"{names[0]}_....png"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRule:
    """How a set's HR pictures become pairs."""

    data: str
    """Name of the set."""
    scale: int
    lr_folder: PictureFolder | None = None
    """Where LR is read; by default it is made with MATLAB's bicubic."""
    files: frozenset[str] = frozenset()
    """Names of all HR files without suffix."""

    def pair(self, picture: HRPicture, name: str) -> BenchmarkPair:
        """Crop HR to a multiple of the scale, and make or read its LR.

        Args:
            picture: HR.
            name: what it is called in results.

        Raises:
            OSError: the LR file is not there or cannot be opened.
            ValueError: a damaged file, HR smaller than the scale, or an LR of another size.
        """
        hr = np.ascontiguousarray(modcrop(picture.codes, self.scale))
        height, width = (side // self.scale for side in hr.shape[:2])
        lr = self._lr(hr, picture.path.stem, name)
        if lr.shape[:2] != (height, width):
            raise ValueError(
                f"LR must be {height} x {width}, the HR's size over {self.scale}, got "
                f"{lr.shape[0]} x {lr.shape[1]} in {self.lr_folder}"
            )
        return BenchmarkPair(
            data=self.data,
            name=name,
            file=picture.path.stem,
            hr=hr,
            lr=lr,
            gray=picture.gray,
            hr_digest=digest(hr)[:16],
            lr_digest=digest(lr)[:16] if self.lr_folder else "",
            others=self.files,
        )

    def _lr(self, hr: Codes, *names: str) -> UInt8[np.ndarray, "lr_h lr_w 3"]:
        if self.lr_folder is None:
            return imresize(hr, Fraction(1, self.scale))
        return read_codes(self.lr_folder.find(*names, others=self.files, scale=self.scale))[0]


def read_codes(path: Path) -> tuple[Codes, bool]:
    """A picture as 8-bit RGB, and whether its file is gray.

    Raises:
        PictureError: the file is damaged or no picture.
        OSError: the file cannot be opened.
    """
    picture = read(path)
    return to_codes(picture.rgb, 8), picture.gray


def digest(codes: Codes) -> str:
    """SHA-256 of size and pixels: the same for every file format that is lossless."""
    found = hashlib.sha256(f"{codes.shape[0]} {codes.shape[1]} ".encode())
    found.update(np.ascontiguousarray(codes).data)
    return found.hexdigest()
