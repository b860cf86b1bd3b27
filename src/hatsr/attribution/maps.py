"""LAM for one patch or several: the map, its diffusion index and how far to trust them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan, nan

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from hatsr.attribution.diffusion import diffusion_index
from hatsr.attribution.integral import DEFAULTS, Integral, LamSettings, Progress, integrate
from hatsr.attribution.objective import Patch
from hatsr.attribution.running import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Which LR pixels a network used for one patch of its SR picture."""

    map: Float[ndarray, "h w"]
    """Share of each LR pixel, in [0, 1] with maximum 1; all 0 where the path changes nothing."""
    diffusion_index: float
    """DI, 0 to 100: larger where more pixels are used; nan for a map of zeros."""
    patch: Patch
    """Upper left corner of the patch: row and column, SR pixels."""
    settings: LamSettings
    """How it was computed."""
    completeness_error: float
    """Part of F(sharp) - F(blurred) that the sum of attributions misses; 0 is exact."""
    nan_steps: int
    """Steps with gradients that were not a number and counted as 0 (reference mode)."""
    sr: Float[ndarray, "sr_h sr_w 3"]
    """The network's raw output for the picture."""

    @property
    def gini(self) -> float:
        """Gini coefficient of the map, 0 to 1."""
        return 1 - self.diffusion_index / 100

    def numbers(self) -> dict[str, object]:
        """All but the pictures, fit for JSON; nan as None."""
        found = {
            "patch": list(self.patch),
            **{k: v for k, v in asdict(self.settings).items() if k != "memory"},
            "diffusion_index": self.diffusion_index,
            "gini": self.gini,
            "completeness_error": self.completeness_error,
            "nan_steps": self.nan_steps,
        }
        return {k: None if isinstance(v, float) and isnan(v) else v for k, v in found.items()}


def attribution(integral: Integral, settings: LamSettings = DEFAULTS) -> Attribution:
    """Sum over the colours, take the absolute value, divide by the largest."""
    strength = np.abs(integral.gradient.sum(dim=0).numpy())
    peak = float(strength.max())
    share = strength / peak if peak > 0 else strength
    return Attribution(
        map=share,
        diffusion_index=diffusion_index(share) if peak > 0 else nan,
        patch=integral.patch,
        settings=settings,
        completeness_error=integral.completeness_error,
        nan_steps=integral.nan_steps,
        sr=integral.sr.permute(1, 2, 0).numpy(),
    )


def lam(
    network: Network,
    lr: Float[Tensor, "1 3 h w"],
    patch: Patch,
    settings: LamSettings = DEFAULTS,
    progress: Progress | None = None,
) -> Attribution:
    """Local attribution map: which LR pixels the network used to reconstruct a patch.

    Source: LAM, reference 15 of the paper (its figures 2, 7 and 10).

    Args:
        network: any differentiable function from LR to SR; a HAT pads by itself.
        lr: in [0, 1], of any size.
        patch: row and column of the patch's upper left corner, SR pixels.
        settings: window, steps, mode, memory.
        progress: called with steps done and their total.

    Raises:
        ValueError: the patch is outside the SR picture, or the network does not fit.
    """
    return lam_patches(network, lr, [patch], settings, progress)[0]


def lam_patches(
    network: Network,
    lr: Float[Tensor, "1 3 h w"],
    patches: Sequence[Patch],
    settings: LamSettings = DEFAULTS,
    progress: Progress | None = None,
) -> list[Attribution]:
    """As `lam` for several patches of a picture, which share the forward passes."""
    return [attribution(i, settings) for i in integrate(network, lr, patches, settings, progress)]
