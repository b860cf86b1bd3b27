"""Which pixels a network used: LAM, its diffusion index and its figures; feature maps.

`explain`, `Sweep` and `features` are the commands in one call each; `lam` is LAM of any function.
"""

from hatsr.attribution.explain import Explanation, explain
from hatsr.attribution.feature_maps import FeatureMaps, blocking_index, features, layer_features
from hatsr.attribution.figures import check_figure_file
from hatsr.attribution.local_attribution import LamResult, LamSettings, lam, lam_patches
from hatsr.attribution.rows import read_rows
from hatsr.attribution.spread import contribution_area, diffusion_index, gini
from hatsr.attribution.sweep import Sweep, SweepResult, sweep
from hatsr.attribution.sweep_tasks import SweepPlan

__all__ = [
    "Explanation",
    "FeatureMaps",
    "LamResult",
    "LamSettings",
    "Sweep",
    "SweepPlan",
    "SweepResult",
    "blocking_index",
    "check_figure_file",
    "contribution_area",
    "diffusion_index",
    "explain",
    "features",
    "gini",
    "lam",
    "lam_patches",
    "layer_features",
    "read_rows",
    "sweep",
]
