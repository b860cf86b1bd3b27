"""What was measured: of one picture, of a set, of a whole run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isinf
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationSettings:
    """Settings of an evaluation that change its numbers; the rest of the protocol is fixed."""

    scale: int
    ensemble: bool = False
    """Also measure the mean over flips and turns, in columns of its own."""
    lr: str = ""
    """Folder of LR pictures, absolute or inside each set's; by default LR is made from HR."""
    gray_as_is: bool = False
    """Judge the code of a gray HR file itself, as MATLAB programs do, not the Y of its RGB."""
    perceptual: tuple[str, ...] = ()
    """Metrics beside PSNR and SSIM."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One SR picture, judged."""

    data: str
    """Name of the set."""
    picture: str
    hr: str
    """First 16 hexadecimal digits of the digest of HR."""
    lr: str = ""
    """The same of LR, where it was read from a file."""
    gray: bool = False
    """The HR file has one channel."""
    psnr: float
    """PSNR of luma, dB."""
    ssim: float
    """SSIM of luma."""
    psnr_rgb: float
    """PSNR over R, G and B, dB."""
    ssim_rgb: float
    ensemble_psnr: float | None = None
    """dB on Y, by self-ensemble."""
    ensemble_ssim: float | None = None
    seconds: float | None = None
    """Wall-clock time of one enlargement without ensemble, beside the reading of other pictures."""
    peak_bytes: int | None = None
    """Peak memory meanwhile, of the process or of the GPU."""
    perceptual: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, kw_only=True, slots=True)
class SetResult:
    """What was measured of a model on one set."""

    name: str
    scores: tuple[Score, ...]
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why a picture was not measured, by name."""
    remarks: tuple[str, ...] = ()
    """What a reader of the mean must know."""
    status: str = ""
    """How many pictures there were, and whether their checksums match."""
    whole: bool = True
    """Every picture of the set was there."""

    @property
    def comparable(self) -> bool:
        """The mean is over the whole set, so that it may stand beside published ones."""
        return self.whole and not self.failures and bool(self.scores)

    def gray(self, rules: EvaluationSettings) -> list[str]:
        """How gray pictures were judged, where there are any."""
        names = ", ".join(score.picture for score in self.scores if score.gray)
        how = (
            "judged by its own code, as MATLAB programs do"
            if rules.gray_as_is
            else "read as RGB, as the official programs do: 1.32 dB more than by its own code"
        )
        return [f"{self.name}: {names} is gray and {how}"] if names else []

    def mean(self, figure: str) -> float | None:
        """Mean over pictures of a field of `Score`, or of a perceptual metric; None without."""
        return mean(self.scores, figure)

    def peak(self) -> float | None:
        """The largest `peak_bytes` of the set's scores."""
        return _over(self.scores, "peak_bytes", max)


def mean(scores: Sequence[Score], figure: str) -> float | None:
    """Mean of a field of `Score`, or of a perceptual metric; None where one score has none."""
    return _over(scores, figure, lambda values: sum(values) / len(values))


def _over(
    scores: Sequence[Score], figure: str, reduce: Callable[[list[float]], float]
) -> float | None:
    values = [score.perceptual.get(figure, getattr(score, figure, None)) for score in scores]
    known = [value for value in values if value is not None]
    return float(reduce(known)) if known and len(known) == len(values) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchmarkResult:
    """A model on all sets of a run."""

    model: str
    rules: EvaluationSettings
    sets: tuple[SetResult, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why a perceptual metric was not measured, by name."""

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores of all sets, in their order."""
        return tuple(score for each in self.sets for score in each.scores)

    def mean(self, figure: str) -> float | None:
        """Mean over the pictures of all sets."""
        return mean(self.scores, figure)

    def peak(self) -> float | None:
        """Largest `peak_bytes` of all sets."""
        return _over(self.scores, "peak_bytes", max)

    def means(self, figure: str) -> dict[str, float]:
        """Mean of a figure by set, of the comparable sets alone."""
        found = {each.name: each.mean(figure) for each in self.sets if each.comparable}
        return {name: value for name, value in found.items() if value is not None}


FIGURES = (
    "psnr",
    "ssim",
    "ensemble_psnr",
    "ensemble_ssim",
    "psnr_rgb",
    "ssim_rgb",
    "seconds",
)
"""Fields of `Score` that are averaged, in the order of tables."""


def as_json(result: BenchmarkResult) -> dict[str, Any]:
    """The whole result in what JSON can say; an infinite PSNR is the text "inf"."""
    document = asdict(result)
    for written, each in zip(document["sets"], result.sets, strict=True):
        figures = (*FIGURES, *result.rules.perceptual)
        written["mean"] = {name: each.mean(name) for name in figures}
        written["peak_bytes"] = each.peak()
        written["comparable"] = each.comparable
    return _finite(document)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return "inf" if isinstance(value, float) and isinf(value) else value
