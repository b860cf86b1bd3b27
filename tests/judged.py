"""Short ways into evaluation, for its tests."""

from pathlib import Path

from hatsr.evaluation.benchmark import Benchmark, ignore
from hatsr.evaluation.benchmark_pairs import (
    BenchmarkPair,
    HRPicture,
    PairRule,
    PictureFolder,
    read_codes,
)
from hatsr.evaluation.candidates import Candidate
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, Score
from hatsr.evaluation.sets.folders import find_sets, open_set
from hatsr.evaluation.sets.survey import Survey


def run(
    candidate: Candidate, rules: EvaluationSettings, folder: Path, progress=ignore, **kept
) -> BenchmarkResult:
    """One candidate on one folder."""
    measurement = Measurement(candidate, rules, **kept)
    (result,) = Benchmark([measurement], progress).run([open_set(str(folder), rules)])
    return result


def pairs(folder: Path, rules: EvaluationSettings) -> dict[str, BenchmarkPair]:
    pictures = open_set(str(folder), rules)
    found = Survey(pictures).pairs(pictures.pair_rule(rules))
    return {name: pair for name, pair in found if pair is not None}


def load_pair(path: Path, name: str, scale: int, lr_folder: Path | None = None) -> BenchmarkPair:
    codes, gray = read_codes(path)
    rule = PairRule(
        data="mine",
        scale=scale,
        lr_folder=lr_folder and PictureFolder(lr_folder),
        files=frozenset(each.stem for each in path.parent.iterdir()),
    )
    return rule.pair(HRPicture(path=path, codes=codes, gray=gray), name)


def survey(data: str, root: Path | None = None, rules: EvaluationSettings | None = None) -> Survey:
    """Of one set, all of whose pictures were read."""
    rules = rules or EvaluationSettings(scale=4)
    (pictures,), _ = find_sets([data], root, rules)
    found = Survey(pictures)
    assert len(list(found.pairs(pictures.pair_rule(rules)))) == len(pictures.files)
    return found


def score(name: str, psnr: float, *, data: str = "Set5", gray: bool = False) -> Score:
    return Score(
        data=data,
        picture=name,
        hr="0",
        psnr=psnr,
        ssim=0.9,
        psnr_rgb=psnr - 1.3,
        ssim_rgb=0.8,
        ensemble_psnr=psnr + 0.1,
        ensemble_ssim=0.91,
        seconds=0.5,
        peak_bytes=10**9,
        gray=gray,
    )
