"""LAM: gradients of a network summed along the blur path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.attribution.objective import Mode, Patch, check_patch, edge_strength
from hatsr.attribution.path import BlurPath, blur_path
from hatsr.attribution.running import KeptBytes, Network, frozen, run

Progress = Callable[[int, int], None]
"""Called with the number of steps done and their total."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LamSettings:
    """How to compute; the defaults are LAM's own but for the mode.

    Raises:
        ValueError: a value breaks its rule.
    """

    window: int = 16
    """Side of the patch, SR pixels."""
    fold: int = 50
    """Steps of the path; 10 for a preview."""
    mode: Mode = "robust"
    """reference: LAM to the letter, gradients that are not a number count as 0."""
    memory: float = 0.5
    """GB that the kept activations of a batch of steps may take; one step always runs.

    0 is one step at a time. More helps on a GPU; on a CPU small batches are as fast or faster.
    """

    def __post_init__(self) -> None:
        """Check every rule once."""
        for name, least in (("window", 1), ("fold", 1), ("memory", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.mode not in ("robust", "reference"):
            raise ValueError(f"mode must be robust or reference, got {self.mode!r}")


DEFAULTS = LamSettings()


@dataclass(frozen=True, kw_only=True, slots=True)
class Integral:
    """The sum along the path for one patch, before it becomes a map."""

    patch: Patch
    """What was attributed."""
    gradient: Float[Tensor, "3 h w"]
    """Mean over the path of gradient times slope, float64, with sign."""
    gain: float
    """F(sharp) - F(blurred), which the sum of `gradient` approaches as the fold grows."""
    nan_steps: int
    """Steps with gradients that were not a number and counted as 0 (reference mode)."""
    sr: Float[Tensor, "3 sr_h sr_w"]
    """The network's raw output for the picture."""

    @property
    def completeness_error(self) -> float:
        """Part of the gain that the sum misses or exceeds; 0 is exact, nan without a gain."""
        if self.gain == 0:
            return nan
        return abs(float(self.gradient.sum()) - self.gain) / abs(self.gain)


def integrate(
    network: Network,
    lr: Float[Tensor, "1 3 h w"],
    patches: Sequence[Patch],
    settings: LamSettings = DEFAULTS,
    progress: Progress | None = None,
) -> list[Integral]:
    """Follow the path once for all patches of a picture; they share the forward passes.

    The memory of the first step is measured, and the others are batched accordingly.

    Raises:
        ValueError: a patch is outside, the network does not fit, or (robust mode) its
            gradients are not finite.
    """
    path = blur_path(lr, settings.fold)
    with frozen(network):
        with torch.no_grad():
            first = run(network, path.start)
        for patch in patches:
            check_patch(patch, settings.window, *first.shape[-2:])
        walk = _Walk(network, path, patches, settings)
        done, size = 0, 1
        while done < settings.fold:
            kept = walk.steps(slice(done, done + size))
            done = min(done + size, settings.fold)
            if done == 1 and settings.memory:
                size = max(1, int(settings.memory * 1e9 / max(kept, 1)))
            if progress is not None:
                progress(done, settings.fold)
    begin = [_objective(first, patch, settings).item() for patch in patches]
    return walk.integrals(begin)


def _objective(sr: Tensor, patch: Patch, settings: LamSettings) -> Tensor:
    return edge_strength(sr, patch, settings.window, settings.mode)


class _Walk:
    """Sums that grow along the path."""

    def __init__(
        self, network: Network, path: BlurPath, patches: Sequence[Patch], settings: LamSettings
    ) -> None:
        self.network, self.path, self.patches, self.settings = network, path, patches, settings
        shape = path.start.shape[1:]
        self.sums = torch.zeros(len(patches), *shape, dtype=torch.float64)
        self.nan_steps = [0] * len(patches)
        self.last = path.start
        """Raw output of the last picture so far."""

    def steps(self, part: slice) -> int:
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
            strength = _objective(sr, patch, self.settings).sum()
            more = i + 1 < len(self.patches)
            (gradient,) = torch.autograd.grad(strength, pictures, retain_graph=more)
            self._add(i, gradient, self.path.slopes[part])
        self.last = sr.detach()[-1]
        return kept.total()

    def _add(self, i: int, gradient: Tensor, slopes: Tensor) -> None:
        if self.settings.mode == "robust" and not gradient.isfinite().all():
            raise ValueError(
                "the network's gradients must be finite, got others; check its weights"
            )
        bad = gradient.isnan()
        self.nan_steps[i] += int(bad.flatten(1).any(dim=1).sum())
        product = (gradient.masked_fill(bad, 0) * slopes).double().sum(dim=0).cpu()
        self.sums[i] += product / self.settings.fold

    def integrals(self, begin: Sequence[float]) -> list[Integral]:
        """The results; `begin` holds F(blurred) of each patch."""
        sr = self.last.float().cpu()
        ends = [_objective(self.last[None], patch, self.settings).item() for patch in self.patches]
        return [
            Integral(
                patch=patch,
                gradient=self.sums[i],
                gain=ends[i] - begin[i],
                nan_steps=self.nan_steps[i],
                sr=sr,
            )
            for i, patch in enumerate(self.patches)
        ]
