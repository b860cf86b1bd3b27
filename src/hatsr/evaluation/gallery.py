"""SR pictures on disk, so that an interrupted run need not make them again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hatsr.evaluation.pictures import Codes, read_codes
from hatsr.files import replacing
from hatsr.image import PictureError, from_array, to_pil

_LEVEL = 1
"""Of PNG's compression: a sixth longer than the usual 6, in a fifth of the time."""


def folder_name(model: str) -> str:
    """A model's name as the name of a folder."""
    return re.sub(r"[^\w.+-]+", "_", model).strip("._") or "model"


@dataclass(frozen=True, slots=True)
class SavedPictures:
    """The SR pictures of a model, `set/picture.png` in a folder."""

    folder: Path

    def save(self, data: str, picture: str, sr: Codes) -> None:
        """Write one; it appears whole or not at all."""
        path = self._path(data, picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            to_pil(from_array(sr)).save(part, "PNG", compress_level=_LEVEL)

    def read(self, data: str, picture: str) -> Codes | None:
        """One that was saved; None where it is not there or cannot be read."""
        try:
            return read_codes(self._path(data, picture))[0]
        except (OSError, PictureError):
            return None

    def _path(self, data: str, picture: str) -> Path:
        return self.folder / data / f"{picture}.png"
