"""The test protocol: LR from HR, one SR picture for each, a number for each.

Files are read and SR pictures are judged by two threads while the networks compute; at most four
pictures are in memory at a time.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from hatsr.evaluation.benchmark_pairs import BenchmarkPair
from hatsr.evaluation.cost.environment import environment
from hatsr.evaluation.measurement import Made, Measurement, ScoreOrReason
from hatsr.evaluation.results import BenchmarkResult, Score, SetResult
from hatsr.evaluation.sets.folders import PictureSet
from hatsr.evaluation.sets.survey import Survey
from hatsr.image import Codes

CountProgress = Callable[[int, int, str], None]
"""Told the pictures done, their total, and words about the last one."""

PairListener = Callable[[BenchmarkPair, Mapping[str, Codes]], None]
"""Shown a pair and what each model made of it, while they are in memory; failures are left out."""

T = TypeVar("T")


def ignore(done: int, total: int, words: str) -> None:
    """A progress that does nothing."""


class Benchmark:
    """Candidates that make SR pictures of the same LR, held against HR, set by set.

    A picture that fails costs its own number and no other: it is listed among the failures.
    """

    def __init__(
        self,
        measurements: Sequence[Measurement],
        progress: CountProgress = ignore,
        watcher: PairListener | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            measurements: of candidates with different names; LR is the same for all.
            progress: told after each picture.
            watcher: shown the SR pictures.
        """
        self.measurements, self.progress, self.watcher = measurements, progress, watcher

    def run(self, sets: Sequence[PictureSet]) -> list[BenchmarkResult]:
        """Judge every picture of every set by every candidate; a result for each."""
        total, done = sum(len(each.files) for each in sets), 0
        results: list[list[SetResult]] = []
        for pictures in sets:
            survey = Survey(pictures)
            outcomes: dict[str, list[ScoreOrReason]] = {}
            with closing(self._outcomes(survey)) as coming:
                for name, found in coming:
                    outcomes[name] = found
                    done += 1
                    fine = found and all(isinstance(outcome, Score) for outcome in found)
                    self.progress(done, total, f"{survey.name} {name}{'' if fine else ' FAILED'}")
            results.append(
                [_set_result(survey, outcomes, each) for each in range(len(self.measurements))]
            )
        return [
            BenchmarkResult(
                model=measurement.candidate.name,
                rules=measurement.rules,
                sets=tuple(sets_of_one),
                environment=environment(),
                skipped=measurement.perceptual.skipped,
            )
            for measurement, *sets_of_one in zip(self.measurements, *results, strict=True)
        ]

    def _outcomes(self, survey: Survey) -> Generator[tuple[str, list[ScoreOrReason]], None, None]:
        """Name and outcomes of each file; none where it gave no pair.

        They come one picture later than the networks are. What the networks have made is judged
        and logged even where the run is stopped.
        """
        waiting: list[tuple[str, Future[list[ScoreOrReason]]]] = []
        rule = survey.pictures.pair_rule(self.measurements[0].rules)
        with ThreadPoolExecutor(1) as reading, ThreadPoolExecutor(1) as judging:
            for name, pair in _ahead(survey.pairs(rule), reading):
                if pair is None:
                    yield name, []
                    continue
                made = [measurement.make(pair) for measurement in self.measurements]
                waiting.append((name, judging.submit(self._judge, pair, made)))
                if len(waiting) > 1:
                    before, future = waiting.pop(0)
                    yield before, future.result()
            for before, future in waiting:
                yield before, future.result()

    def _judge(self, pair: BenchmarkPair, made: Sequence[Made]) -> list[ScoreOrReason]:
        found = [m.judge(pair, each) for m, each in zip(self.measurements, made, strict=True)]
        if self.watcher is not None:
            shown = {
                measurement.candidate.name: each.sr
                for measurement, each, outcome in zip(self.measurements, made, found, strict=True)
                if each.sr is not None and isinstance(outcome, Score)
            }
            self.watcher(pair, shown)
        return found


def _ahead(items: Iterator[T], executor: Executor) -> Iterator[T]:
    """The items, the next one made by another thread while one is in use."""
    coming: Future[T | None] = executor.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = executor.submit(next, items, None)
        yield item


def _set_result(
    survey: Survey, outcomes: Mapping[str, Sequence[ScoreOrReason]], candidate: int
) -> SetResult:
    """Of the candidate of that number, its pictures in the order of their names."""
    found = {
        entry.name: survey.failures.get(entry.name) or outcomes[entry.name][candidate]
        for entry in survey.entries
    }
    return SetResult(
        name=survey.name,
        scores=tuple(outcome for outcome in found.values() if isinstance(outcome, Score)),
        failures={name: each for name, each in found.items() if isinstance(each, str)},
        remarks=tuple(survey.remarks()),
        status=survey.status(),
        whole=survey.complete,
    )
