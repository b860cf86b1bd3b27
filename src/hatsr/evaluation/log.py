"""Scores and SR pictures on disk as they come: an interrupted run goes on where it stopped."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hatsr.evaluation.benchmark_pairs import read_codes
from hatsr.evaluation.results import Score
from hatsr.files import replacing
from hatsr.image import Codes, PictureError, from_array, to_pil

_LEVEL = 1
"""Of PNG's compression: a sixth longer than the usual 6, in a fifth of the time."""


class ScoreLog:
    """A file of JSON lines: what is measured, then one line a picture, written at once."""

    def __init__(self, path: Path, subject: Mapping[str, object]) -> None:
        """Open a log, or continue it.

        Args:
            path: the file; it is made with its folder where it is not there.
            subject: what the scores depend on beside the pictures, such as model and rules.

        Raises:
            ValueError: the file holds scores of something else.
        """
        self.path = path
        self._scores: dict[tuple[str, str], Score] = {}
        head = json.dumps({"subject": subject}, sort_keys=True)
        *lines, cut = path.read_text("utf-8").split("\n") if path.exists() else [""]
        if lines and lines[0] != head:
            raise ValueError(
                f"{path} must hold scores of the same model and rules, got those of {lines[0]}; "
                "give another --output, or --restart"
            )
        for line in lines[1:]:
            score = Score(**json.loads(line))
            self._scores[score.data, score.picture] = score
        if cut or not lines:  # a killed run may leave a part of a line
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as part:
                part.write_text("".join(f"{line}\n" for line in lines or [head]), "utf-8")

    def find(self, data: str, picture: str) -> Score | None:
        """The last score of a picture."""
        return self._scores.get((data, picture))

    def add(self, score: Score) -> None:
        """Keep a score, on disk as well."""
        self._scores[score.data, score.picture] = score
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(score)) + "\n")


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
