"""The pictures behind the numbers: HR, bicubic and what each model made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hatsr.evaluation.crops import Test
from hatsr.evaluation.pictures import Pair, load_pair, read_codes
from hatsr.evaluation.scores import Rules
from hatsr.evaluation.survey import Survey

Codes = UInt8[np.ndarray, "h w 3"]


def folder_name(model: str) -> str:
    """A model's name as the name of a folder."""
    return re.sub(r"[^\w.+-]+", "_", model).strip("._") or "model"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gallery:
    """Where the pictures of a comparison lie."""

    surveys: Sequence[Survey]
    rules: Rules
    kept: Mapping[str, Path]
    """Folder of SR pictures, `set/picture.png`, by model."""
    _places: dict[tuple[str, str], tuple[Survey, Path]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for survey in self.surveys:
            for entry in survey.entries:
                self._places[survey.name, entry.name] = (survey, entry.path)

    def pair(self, data: str, picture: str) -> Pair:
        """HR and LR."""
        survey, path = self._places[data, picture]
        lr_folder = survey.home / self.rules.lr if self.rules.lr else None
        return load_pair(path, picture, self.rules.scale, lr_folder)

    def sr(self, model: str, data: str, picture: str) -> Codes:
        """What a model made."""
        codes, _ = read_codes(self.kept[model] / data / f"{picture}.png")
        return codes

    def tests(self, a: str, b: str, pictures: Sequence[tuple[str, str]]) -> Iterator[Test]:
        """Each (set, picture) with what two models made of it."""
        for data, picture in pictures:
            yield Test(
                data=data,
                picture=picture,
                hr=self.pair(data, picture).hr,
                a=self.sr(a, data, picture),
                b=self.sr(b, data, picture),
            )
