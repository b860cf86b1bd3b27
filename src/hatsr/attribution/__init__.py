"""Which pixels a network used: LAM, its diffusion index and its pictures; feature maps.

The drawing files `figure`, `feature_figure` and `plotting` need the extra ``hat-sr[figures]``.
"""

from hatsr.attribution.density import contribution_area
from hatsr.attribution.diffusion import diffusion_index, gini
from hatsr.attribution.features import blocking_index, group_features
from hatsr.attribution.integral import LamSettings
from hatsr.attribution.maps import Attribution, lam, lam_patches

__all__ = [
    "Attribution",
    "LamSettings",
    "blocking_index",
    "contribution_area",
    "diffusion_index",
    "gini",
    "group_features",
    "lam",
    "lam_patches",
]
