"""The test protocol: LR from HR, one SR picture for each, a number for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hatsr.evaluation.cost import measured
from hatsr.evaluation.environment import environment
from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.metrics import Channel, psnr, ssim
from hatsr.evaluation.perceptual import Perceptual
from hatsr.evaluation.pictures import Pair, digest, load_pair
from hatsr.evaluation.scores import Result, Rules, Score, SetResult
from hatsr.evaluation.sources import Source
from hatsr.evaluation.survey import Entry, Survey
from hatsr.image import from_array, write

Progress = Callable[[str, str, Score | None], None]
"""Told set, picture and score, or None where there is none."""


def ignore(data: str, picture: str, score: Score | None) -> None:
    """Progress that nobody watches."""


class Benchmark:
    """A source of SR pictures held against HR, set by set.

    A picture that fails costs its own number and no other: it is listed among the failures.
    """

    def __init__(
        self, source: Source, rules: Rules, *, log: ScoreLog | None = None, keep: Path | None = None
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            source: makes the SR pictures.
            rules: how they are judged.
            log: scores that are known already, and where new ones go.
            keep: folder in which every SR picture is saved as `set/picture.png`.
        """
        if source.scale != rules.scale:
            raise ValueError(f"scale must be the model's, {source.scale}, got {rules.scale}")
        self.source, self.rules, self.log, self.keep = source, rules, log, keep
        self.perceptual = Perceptual(rules.perceptual)

    def run(self, surveys: Sequence[Survey], progress: Progress = ignore) -> Result:
        """Judge every picture of every set."""
        sets = tuple(self._run_set(each, progress) for each in surveys)
        return Result(
            model=self.source.name,
            rules=self.rules,
            sets=sets,
            environment=environment(),
            skipped=self.perceptual.skipped,
        )

    def _run_set(self, survey: Survey, progress: Progress) -> SetResult:
        scores: list[Score] = []
        failures: dict[str, str] = {}
        for entry in survey.entries:
            score = None
            try:
                score = self._score(survey, entry)
                scores.append(score)
            except Exception as error:  # whatever a codec, a model or a device may raise
                failures[entry.name] = f"{type(error).__name__}: {error}"
            progress(survey.name, entry.name, score)
        return SetResult(
            name=survey.name,
            scores=tuple(scores),
            failures=failures,
            remarks=tuple(survey.remarks()),
            whole=survey.complete,
        )

    def _score(self, survey: Survey, entry: Entry) -> Score:
        lr_folder = survey.home / self.rules.lr if self.rules.lr else None
        pair = load_pair(entry.path, entry.name, self.rules.scale, lr_folder)
        hr, lr = digest(pair.hr)[:16], digest(pair.lr)[:16] if lr_folder else ""
        kept = None if self.keep is None else self.keep / survey.name / f"{entry.name}.png"
        known = self.log.find(survey.name, entry.name) if self.log else None
        if known and self._holds(known, hr, lr) and (kept is None or kept.exists()):
            return known
        with measured() as cost:
            sr = self.source.enlarge(survey.name, pair)
        score = replace(self._judge(survey.name, pair, sr, hr), lr=lr)
        if self.source.timed:
            score = replace(score, seconds=cost.seconds, peak_bytes=cost.peak_bytes)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write(from_array(sr), kept)
        if self.log:
            self.log.add(score)
        return score

    def _holds(self, known: Score, hr: str, lr: str) -> bool:
        """A score is of these pixels, and has all that can be measured now."""
        same = (known.hr, known.lr) == (hr, lr)
        return same and self.perceptual.loaded <= known.perceptual.keys()

    def _judge(self, data: str, pair: Pair, sr: UInt8[np.ndarray, "h w 3"], hr: str) -> Score:
        crop, channel = self.rules.scale, self._channel(pair)
        plus = self.source.ensemble(data, pair) if self.rules.ensemble else None
        return Score(
            data=data,
            picture=pair.name,
            hr=hr,
            gray=pair.gray,
            psnr=psnr(sr, pair.hr, crop=crop, channel=channel),
            ssim=ssim(sr, pair.hr, crop=crop, channel=channel),
            psnr_rgb=psnr(sr, pair.hr, crop=crop, channel="rgb"),
            ssim_rgb=ssim(sr, pair.hr, crop=crop, channel="rgb"),
            ensemble_psnr=None if plus is None else psnr(plus, pair.hr, crop=crop, channel=channel),
            ensemble_ssim=None if plus is None else ssim(plus, pair.hr, crop=crop, channel=channel),
            perceptual=dict(self.perceptual.measure(sr, pair.hr)),
        )

    def _channel(self, pair: Pair) -> Channel:
        """All three channels of a gray picture are its code, so that they are judged as it is."""
        return "rgb" if pair.gray and self.rules.gray_as_is else "y"
