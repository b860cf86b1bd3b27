"""One candidate on one picture: its SR, and the score of that."""

from dataclasses import dataclass, field

from hatsr.evaluation.benchmark_pairs import BenchmarkPair
from hatsr.evaluation.candidates import Candidate
from hatsr.evaluation.cost.measuring import Cost, measured
from hatsr.evaluation.log import SavedPictures, ScoreLog
from hatsr.evaluation.metrics import psnr, quality, ssim
from hatsr.evaluation.perceptual import PerceptualMetrics
from hatsr.evaluation.results import EvaluationSettings, Score
from hatsr.image import Codes

ScoreOrReason = Score | str
"""The score of a picture, or why there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a candidate made of a pair."""

    sr: Codes | None = None
    """None where it failed, or where the score is known and no picture is kept."""
    plus: Codes | None = None
    """The same by self-ensemble, where that was asked for."""
    cost: Cost = field(default_factory=Cost)
    """Seconds and memory that `sr` took."""
    outcome: ScoreOrReason | None = None
    """The score or why there is none, where it is known already."""


class Measurement:
    """A candidate, the rules it is judged by, and where its scores and pictures are kept."""

    def __init__(
        self,
        candidate: Candidate,
        rules: EvaluationSettings,
        *,
        log: ScoreLog | None = None,
        saved: SavedPictures | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            candidate: makes the SR pictures.
            rules: how they are judged.
            log: scores that are known already, and where new ones go.
            saved: where every SR picture is kept.

        Raises:
            ValueError: rules of another scale, or an unknown perceptual metric.
        """
        if candidate.scale != rules.scale:
            raise ValueError(f"scale must be the model's, {candidate.scale}, got {rules.scale}")
        self.candidate, self.rules, self.log, self.saved = candidate, rules, log, saved
        self.perceptual = PerceptualMetrics(rules.perceptual)

    def make(self, pair: BenchmarkPair) -> Made:
        """The SR picture of a pair, not made again where it is kept and its score is known."""
        try:
            score = self._known(pair)
            kept = self.saved.read(pair.data, pair.name) if score and self.saved else None
            if score and (kept is not None or self.saved is None):
                return Made(sr=kept, outcome=score)
            with measured() as cost:
                sr = self.candidate.upscale(pair)
            plus = self.candidate.ensemble(pair) if self.rules.ensemble else None
        except Exception as error:  # whatever a codec, a model or a device may raise
            return Made(outcome=_in_words(error))
        return Made(sr=sr, plus=plus, cost=cost)

    def _known(self, pair: BenchmarkPair) -> Score | None:
        """The score of these pixels, if it has all that can be measured now."""
        score = self.log.find(pair.data, pair.name) if self.log else None
        if score is None or (score.hr, score.lr) != (pair.hr_digest, pair.lr_digest):
            return None
        return score if self.perceptual.loaded <= score.perceptual.keys() else None

    def judge(self, pair: BenchmarkPair, made: Made) -> ScoreOrReason:
        """The score, which is logged, or why there is none; the SR picture is kept."""
        if made.outcome is not None or made.sr is None:
            return made.outcome or "nothing was made"
        try:
            score = self._score(pair, made.sr, made)
            if self.saved:
                self.saved.save(pair.data, pair.name, made.sr)
            if self.log:
                self.log.add(score)
        except Exception as error:  # a picture that cannot be judged or kept
            return _in_words(error)
        return score

    def _score(self, pair: BenchmarkPair, sr: Codes, made: Made) -> Score:
        crop, plus = self.rules.scale, made.plus
        found = quality(sr, pair.hr, crop=crop)
        as_is = pair.gray and self.rules.gray_as_is  # three equal channels are the gray code itself
        channel = "rgb" if as_is else "y"
        timed = self.candidate.timed
        return Score(
            data=pair.data,
            picture=pair.name,
            hr=pair.hr_digest,
            lr=pair.lr_digest,
            gray=pair.gray,
            psnr=found.psnr_rgb if as_is else found.psnr,
            ssim=found.ssim_rgb if as_is else found.ssim,
            psnr_rgb=found.psnr_rgb,
            ssim_rgb=found.ssim_rgb,
            ensemble_psnr=None if plus is None else psnr(plus, pair.hr, crop=crop, channel=channel),
            ensemble_ssim=None if plus is None else ssim(plus, pair.hr, crop=crop, channel=channel),
            seconds=made.cost.seconds if timed else None,
            peak_bytes=made.cost.peak_bytes if timed else None,
            perceptual=dict(self.perceptual.measure(sr, pair.hr)),
        )


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
