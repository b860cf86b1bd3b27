"""LAM: which LR pixels a network used, from its gradients along the blur path."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, nan

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from hatsr.attribution.objective import LamMode, PatchCorner, check_patch, edge_strength
from hatsr.attribution.path import BlurPath, blur_path
from hatsr.attribution.running import KeptBytes, SRFunction, frozen, run
from hatsr.attribution.spread import diffusion_index
from hatsr.evaluation import CountProgress

_POOR = 0.05
"""Completeness error above which more steps are advised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LamSettings:
    """Settings of LAM; the defaults are the authors' but for the mode.

    Raises:
        ValueError: a value breaks its rule.
    """

    patch_size: int = 16
    """Side of the patch, SR pixels."""
    steps: int = 50
    """Steps along the blur path; 10 are enough for a preview."""
    mode: LamMode = "robust"
    """reference: LAM to the letter, gradients that are not a number count as 0."""
    memory: float = 0.5
    """GB that the kept activations of a batch of steps may take; one step always runs.

    0 is one step at a time. More helps on a GPU; on a CPU small batches are as fast or faster.
    """
    device: str = "cpu"
    """Where networks run that are given by name: cpu, cuda, mps."""

    def __post_init__(self) -> None:
        """Check every rule once."""
        for name, least in (("patch_size", 1), ("steps", 1), ("memory", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.mode not in ("robust", "reference"):
            raise ValueError(f"mode must be robust or reference, got {self.mode!r}")


DEFAULTS = LamSettings()


@dataclass(frozen=True, kw_only=True, slots=True)
class LamResult:
    """Which LR pixels a network used for one patch of its SR picture."""

    map: Float[ndarray, "h w"]
    """Share of each LR pixel, in [0, 1] with maximum 1; all 0 where the path changes nothing."""
    diffusion_index: float
    """DI, 0 to 100: larger where more pixels are used; nan for a map of zeros."""
    patch: PatchCorner
    """Upper left corner of the patch: row and column, SR pixels."""
    settings: LamSettings
    """How it was computed."""
    completeness_error: float
    """Part of F(sharp) - F(blurred) that the sum of attributions misses or exceeds.

    0 is exact; nan where there is no difference.
    """
    nan_steps: int
    """Steps with gradients that were not a number and counted as 0 (reference mode)."""
    sr: Float[ndarray, "sr_h sr_w 3"]
    """The network's raw output for the picture."""
    model: str = ""
    """Name of the network, where it has one."""
    weights: str = ""
    """What tells its weights apart."""
    quality: tuple[float, float] | None = None
    """PSNR in dB and SSIM of the patch, where its HR picture is known."""

    @property
    def gini(self) -> float:
        """Gini coefficient of the map, 0 to 1."""
        return 1 - self.diffusion_index / 100

    def numbers(self) -> dict[str, object]:
        """All that can be said of the map, fit for JSON; what is not finite as None."""
        found = {
            "patch": list(self.patch),
            **{k: v for k, v in asdict(self.settings).items() if k not in ("memory", "device")},
            "diffusion_index": self.diffusion_index,
            "gini": self.gini,
            "completeness_error": self.completeness_error,
            "nan_steps": self.nan_steps,
        }
        return {k: finite(v) if isinstance(v, float) else v for k, v in found.items()}

    def line(self) -> str:
        """The numbers in words, for the terminal."""
        parts = [
            f"{self.model}: DI {self.diffusion_index:.4f}",
            f"Gini {self.gini:.6f}",
            f"completeness error {100 * self.completeness_error:.2f} %",
            f"{self.settings.steps} steps",
        ]
        if self.settings.mode == "reference":
            parts.append(f"{self.nan_steps} steps with gradients that are not a number")
        if self.quality is not None:
            parts.append(f"PSNR {self.quality[0]:.2f} dB, SSIM {self.quality[1]:.4f} of the patch")
        if self.completeness_error > _POOR:
            parts.append("more steps are advised")
        return ", ".join(parts)


def finite(value: float | None) -> float | None:
    """The value, or None where JSON cannot say it."""
    return value if value is not None and isfinite(value) else None


def lam(
    network: SRFunction,
    lr: Float[Tensor, "1 3 h w"],
    patch: PatchCorner,
    settings: LamSettings = DEFAULTS,
    progress: CountProgress | None = None,
) -> LamResult:
    """Local attribution map: which LR pixels the network used to reconstruct a patch.

    Source: LAM, reference 15 of the paper (its figures 2, 7 and 10).

    Args:
        network: any differentiable function from LR to SR, of any size.
        lr: in [0, 1], of any size.
        patch: row and column of the patch's upper left corner, SR pixels.
        settings: size of the patch, steps, mode, memory.
        progress: told the steps done and their total.

    Raises:
        ValueError: the patch is outside the SR picture, the network does not fit, or (robust mode)
            its gradients are not finite.
    """
    return lam_patches(network, lr, [patch], settings, progress)[0]


def lam_patches(
    network: SRFunction,
    lr: Float[Tensor, "1 3 h w"],
    patches: Sequence[PatchCorner],
    settings: LamSettings = DEFAULTS,
    progress: CountProgress | None = None,
) -> list[LamResult]:
    """As `lam` for several patches of a picture, which share the forward passes.

    The memory of the first step is measured, and the others are batched accordingly.
    """
    path = blur_path(lr, settings.steps)
    with frozen(network):
        with torch.no_grad():
            blurred = run(network, path.start)
        for patch in patches:
            check_patch(patch, settings.patch_size, *blurred.shape[-2:])
        walk = _PathIntegral(network, path, patches, settings)
        done, size = 0, 1
        while done < settings.steps:
            kept = walk.advance(slice(done, done + size))
            done = min(done + size, settings.steps)
            if done == 1 and settings.memory:
                size = max(1, int(settings.memory * 1e9 / max(kept, 1)))
            if progress is not None:
                progress(done, settings.steps, "")
    return walk.results(blurred)


class _PathIntegral:
    """Sums of gradient times slope for several patches, which grow along the path."""

    def __init__(
        self,
        network: SRFunction,
        path: BlurPath,
        patches: Sequence[PatchCorner],
        settings: LamSettings,
    ) -> None:
        self.network, self.path, self.patches, self.settings = network, path, patches, settings
        shape = path.start.shape[1:]
        self.sums = torch.zeros(len(patches), *shape, dtype=torch.float64)
        self.nan_steps = [0] * len(patches)
        self.last = path.start
        """Raw output of the last picture so far."""

    def advance(self, part: slice) -> int:
        """Walk some steps at once; returns the bytes that their backward pass kept."""
        pictures = self.path.pictures[part].clone().requires_grad_()
        kept = KeptBytes()
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda t: t):
            sr = run(self.network, pictures)
        if not sr.requires_grad:
            raise ValueError(
                "the network must be differentiable, got an output without a gradient; "
                "give one that runs in PyTorch without torch.no_grad"
            )
        for i, patch in enumerate(self.patches):
            strength = self._objective(sr, patch).sum()
            more = i + 1 < len(self.patches)
            (gradient,) = torch.autograd.grad(strength, pictures, retain_graph=more)
            self._add(i, gradient, self.path.slopes[part])
        self.last = sr.detach()[-1]
        return kept.total()

    def _objective(self, sr: Tensor, patch: PatchCorner) -> Tensor:
        return edge_strength(sr, patch, self.settings.patch_size, self.settings.mode)

    def _add(self, i: int, gradient: Tensor, slopes: Tensor) -> None:
        if self.settings.mode == "robust" and not gradient.isfinite().all():
            raise ValueError(
                "the network's gradients must be finite, got others; check its weights"
            )
        bad = gradient.isnan()
        self.nan_steps[i] += int(bad.flatten(1).any(dim=1).sum())
        product = (gradient.masked_fill(bad, 0) * slopes).double().sum(dim=0).cpu()
        self.sums[i] += product / self.settings.steps

    def results(self, blurred: Float[Tensor, "1 3 sr_h sr_w"]) -> list[LamResult]:
        """The sums as maps; `blurred` is the raw output where the path begins."""
        sr = self.last.float().cpu().permute(1, 2, 0).numpy()
        return [self._result(i, patch, blurred, sr) for i, patch in enumerate(self.patches)]

    def _result(self, i: int, patch: PatchCorner, blurred: Tensor, sr: ndarray) -> LamResult:
        """Sum over the colours, take the absolute value, divide by the largest."""
        end, begin = (self._objective(each, patch).item() for each in (self.last[None], blurred))
        strength = np.abs(self.sums[i].sum(dim=0).numpy())
        peak, gain = float(strength.max()), end - begin
        share = strength / peak if peak > 0 else strength
        return LamResult(
            map=share,
            diffusion_index=diffusion_index(share) if peak > 0 else nan,
            patch=patch,
            settings=self.settings,
            completeness_error=abs(float(self.sums[i].sum()) - gain) / abs(gain) if gain else nan,
            nan_steps=self.nan_steps[i],
            sr=sr,
        )
