"""How much of an evaluation's time its network takes, and what a report adds.

    python benchmarks/evaluation.py [PICTURE...] [--model hat-t-x4] [--count 20] [--side 1024]

Without pictures it makes some: smooth shapes with grain. The network alone enlarges the same LR
pictures, one after the other; its share of an evaluation is that time over the evaluation's. By
the wall clock, and in brackets by the processor time of all threads, which other programs disturb
less.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hatsr.evaluation import Candidate, open_candidate
from hatsr.evaluation.cost.measuring import measured
from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.scoring import EvaluationOutput, evaluate
from hatsr.evaluation.sets.folders import open_set
from hatsr.evaluation.sets.survey import Survey
from hatsr.image import from_array, write
from hatsr.resize import imresize


def synthetic(seed: int, side: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (side // 64 + 2, side // 64 + 2, 3), dtype=np.uint8)
    smooth = imresize(coarse, size=(side, side)).astype(np.float32)
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time."""
    seconds, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - seconds, time.process_time() - cpu


def network_alone(candidate: Candidate, folder: Path) -> tuple[float, float, int]:
    """As `timed` over all pictures, and the peak memory in bytes."""
    rules = EvaluationSettings(scale=candidate.scale)
    pictures = open_set(str(folder), rules)
    seconds, cpu, peak = 0.0, 0.0, 0
    for number, (_, pair) in enumerate(Survey(pictures).pairs(pictures.pair_rule(rules))):
        if pair is None:
            continue
        if number == 0:
            candidate.upscale(pair)
        with measured() as cost:
            once = timed(lambda pair=pair: candidate.upscale(pair))
        seconds, cpu, peak = seconds + once[0], cpu + once[1], max(peak, cost.peak_bytes or 0)
    return seconds, cpu, peak


def evaluation(
    candidate: Candidate, folder: Path, output: EvaluationOutput
) -> tuple[float, float, float]:
    """As `network_alone`, of a whole evaluation."""
    peaks: list[float] = []

    def run() -> None:
        found = evaluate(candidate, [str(folder)], output=output)
        peaks.append(found.result.peak() or 0)
        if found.report is not None:
            found.report.write(found.folder / "report.html")

    return *timed(run), peaks[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--model", default="hat-t-x4")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--side", type=int, default=1024)
    options = parser.parse_args()
    candidate = open_candidate(options.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        for picture in options.pictures:
            shutil.copy(picture, folder)
        for seed in range(0 if options.pictures else options.count):
            write(from_array(synthetic(seed, options.side)), folder / f"{seed:03}.png")
        rows = {
            "network alone": network_alone(candidate, folder),
            "evaluation": evaluation(
                candidate, folder, EvaluationOutput(folder=Path(name) / "plain")
            ),
            "with a report": evaluation(
                candidate, folder, EvaluationOutput(folder=Path(name) / "page", report=True)
            ),
        }
    for what, (seconds, cpu, peak) in rows.items():
        print(f"{what:14} {seconds:7.1f} s {cpu:7.1f} s of processor time, {peak / 1e6:.0f} MB")
    (alone, alone_cpu, _), (plain, plain_cpu, _), (page, page_cpu, _) = rows.values()
    print(f"share of the network: {alone / plain:.0%} ({alone_cpu / plain_cpu:.0%})")
    print(f"added by the report: {page / plain - 1:.0%} ({page_cpu / plain_cpu - 1:.0%})")


if __name__ == "__main__":
    main()
