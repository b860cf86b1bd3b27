"""How good a network is: metrics, benchmarks, comparisons, reports; `cost`: how expensive.

`evaluate` and `compare` are the commands of the same names in one call each.
"""

from hatsr.evaluation.benchmark import CountProgress
from hatsr.evaluation.candidates import (
    BicubicCandidate,
    Candidate,
    FolderCandidate,
    NetworkCandidate,
)
from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.opening_candidates import (
    as_candidate,
    open_candidate,
    open_candidates,
    open_pictures,
)
from hatsr.evaluation.report.findings import Evaluation, ModelComparison
from hatsr.evaluation.report.tables import Table, as_markdown, paper_table
from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, Score, SetResult
from hatsr.evaluation.scoring import EvaluationOutput, compare, evaluate
from hatsr.evaluation.sets.folders import find_sets
from hatsr.evaluation.statistics import (
    Comparison,
    Difference,
    student_probability,
    student_quantile,
)

__all__ = [
    "BenchmarkResult",
    "BicubicCandidate",
    "Candidate",
    "Comparison",
    "CountProgress",
    "Difference",
    "Evaluation",
    "EvaluationOutput",
    "EvaluationSettings",
    "FolderCandidate",
    "ModelComparison",
    "NetworkCandidate",
    "Score",
    "SetResult",
    "Table",
    "as_candidate",
    "as_markdown",
    "compare",
    "evaluate",
    "find_sets",
    "open_candidate",
    "open_candidates",
    "open_pictures",
    "paper_table",
    "psnr",
    "ssim",
    "student_probability",
    "student_quantile",
]
