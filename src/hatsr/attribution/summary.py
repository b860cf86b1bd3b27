"""Mean diffusion index per network, with its confidence interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from statistics import fmean, stdev

from hatsr.attribution.rows import Row
from hatsr.evaluation import student_quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over pictures, with the interval that holds the true one in 95 % of cases."""

    mean: float
    """The estimated mean."""
    half_width: float
    """The interval is mean - half_width .. mean + half_width; nan from one value."""

    def __format__(self, sign: str) -> str:
        return f"{self.mean:{sign}.4f} ± {self.half_width:.4f} (95 %)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the rows of one network say."""

    model: str
    """Name of the network."""
    pictures: int
    """How many different pictures; they are the independent observations."""
    patches: int
    """How many patches in all; those without attribution (a flat picture) are left out."""
    diffusion_index: Interval
    """Mean over pictures of the mean over patches."""
    gain: Interval | None
    """Difference to the first network at the same patches, picture by picture; None for it."""

    def line(self) -> str:
        """The summary in words, for the terminal."""
        text = (
            f"{self.model}: mean DI {self.diffusion_index} over {self.pictures} pictures, "
            f"{self.patches} patches"
        )
        return text if self.gain is None else f"{text}; {self.gain:+} to the first network"


def interval(values: Sequence[float]) -> Interval:
    """Mean and 95 % interval of independent values by Student's t."""
    n = len(values)
    half = student_quantile(0.975, n - 1) * stdev(values) / sqrt(n) if n > 1 else nan
    return Interval(mean=fmean(values), half_width=half)


def _by_patch(rows: Sequence[Row], weights: object) -> dict[tuple[str, str], float]:
    """DI by picture and place, for one network."""
    return {
        (
            str(row["pixels"]),
            str([row[k] for k in ("patch", "patch_size", "steps", "mode")]),
        ): float(di)
        for row in rows
        if row["weights"] == weights and isinstance(di := row["diffusion_index"], float)
    }


def _picture_means(found: dict[tuple[str, str], float]) -> list[float]:
    pictures = dict.fromkeys(picture for picture, _ in found)
    return [fmean(v for (p, _), v in found.items() if p == picture) for picture in pictures]


def summarise(rows: Sequence[Row]) -> list[Summary]:
    """One summary for each network, in the order of the rows."""
    names = {row["weights"]: str(row["model"]) for row in rows}
    first: dict[tuple[str, str], float] | None = None
    summaries = []
    for weights, name in names.items():
        found = _by_patch(rows, weights)
        if not found:
            continue
        gain = None
        if first is None:
            first = found
        elif shared := {key: found[key] - first[key] for key in found if key in first}:
            gain = interval(_picture_means(shared))
        means = _picture_means(found)
        summaries.append(
            Summary(
                model=name,
                pictures=len(means),
                patches=len(found),
                diffusion_index=interval(means),
                gain=gain,
            )
        )
    return summaries
