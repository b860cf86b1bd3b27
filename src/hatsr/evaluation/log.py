"""Scores on disk as they come, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from hatsr.evaluation.scores import Score


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
        self._scores: dict[tuple[str, str, str], Score] = {}
        head = json.dumps({"subject": subject}, sort_keys=True)
        lines = _whole_lines(path)
        if lines and lines[0] != head:
            raise ValueError(
                f"{path} must hold scores of the same model and rules, got those of {lines[0]}; "
                "give another --out, or --restart"
            )
        for line in lines[1:]:
            score = Score(**json.loads(line))
            self._scores[score.data, score.picture, score.hr] = score
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines or [head]), "utf-8")

    def find(self, data: str, picture: str, hr: str) -> Score | None:
        """The score of a picture of which HR has not changed since."""
        return self._scores.get((data, picture, hr))

    def add(self, score: Score) -> None:
        """Keep a score, on disk as well."""
        self._scores[score.data, score.picture, score.hr] = score
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(score)) + "\n")


def _whole_lines(path: Path) -> list[str]:
    """Lines up to the last that was written to its end: a killed run may leave a part of one."""
    if not path.exists():
        return []
    return path.read_text("utf-8").split("\n")[:-1]
