"""A model measured into a folder of its own, and a page about several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hatsr.evaluation.benchmark import Benchmark, Progress, ignore
from hatsr.evaluation.gallery import Gallery, folder_name
from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.opening import identity
from hatsr.evaluation.report import render
from hatsr.evaluation.scores import Result, Rules
from hatsr.evaluation.sources import Pictures, Source
from hatsr.evaluation.survey import Survey
from hatsr.files import replacing


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One model on some sets."""

    spec: str
    """What the user called it."""
    source: Source
    rules: Rules
    surveys: Sequence[Survey]
    folder: Path
    """For scores and pictures."""
    keep: bool = False
    """Save SR pictures."""
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Hyper-parameters that the model was given beside its file."""

    @property
    def scores(self) -> Path:
        """The scores so far, a line each."""
        return self.folder / "scores.jsonl"

    @property
    def pictures(self) -> Path:
        """Saved SR pictures, `set/picture.png`."""
        return self.folder / "pictures"

    def measure(self, progress: Progress = ignore) -> Result:
        """Judge every picture that is not judged yet.

        Raises:
            ValueError: the folder holds the scores of another model or of other rules.
        """
        weights = None if isinstance(self.source, Pictures) else identity(self.spec)
        log = None
        if weights is not None:
            rules = asdict(self.rules)
            subject = {"model": self.source.name, "weights": weights, "rules": rules}
            subject |= {"overrides": self.overrides} if self.overrides else {}
            log = ScoreLog(self.scores, subject)
        keep = self.pictures if self.keep else None
        return Benchmark(self.source, self.rules, log=log, keep=keep).run(self.surveys, progress)


def folder_of(source: Source) -> str:
    """Name of a source's own folder."""
    name, ending = folder_name(source.name), f"x{source.scale}"
    return name if name.endswith(ending) else f"{name}-{ending}"


def write_report(runs: Sequence[Run], results: Sequence[Result], path: Path) -> None:
    """Write the HTML page about runs that kept their pictures; the first is the baseline."""
    kept = {run.source.name: run.pictures for run in runs}
    gallery = Gallery(surveys=runs[0].surveys, rules=runs[0].rules, kept=kept)
    page = render(results, gallery)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(page, "utf-8")
