"""LPIPS, DISTS and NIQE through pyiqa (`pip install "hat-sr[perceptual]"`), or a reason why not."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np

_METRICS = ("lpips", "dists", "niqe")
"""Lower is better in all three; niqe looks at the SR picture alone."""


class PerceptualMetrics:
    """The metrics asked for, loaded once; those that cannot be had are skipped, never fatal."""

    def __init__(self, names: Sequence[str]) -> None:
        unknown = sorted(set(names) - set(_METRICS))
        if unknown:
            raise ValueError(
                f"perceptual metric must be one of {', '.join(_METRICS)}, got {unknown}"
            )
        self.skipped: dict[str, str] = {}
        """Why a metric is not measured, by name."""
        self._metrics: dict[str, Callable[..., Any]] = {}
        for name in names:
            try:
                self._metrics[name] = _load(name)
            except ImportError:
                self.skipped[name] = 'pyiqa absent: skipped; pip install "hat-sr[perceptual]"'
            except Exception as error:  # a download may fail in any way
                why = f"{type(error).__name__}: {error}".splitlines()[0]
                self.skipped[name] = f"weights absent: skipped ({why})"

    @property
    def loaded(self) -> Set[str]:
        """Names of the metrics that are measured."""
        return self._metrics.keys()

    def measure(self, sr: np.ndarray, hr: np.ndarray) -> Mapping[str, float]:
        """Every metric that could be loaded, on whole 8-bit RGB pictures h w 3."""
        if not self._metrics:
            return {}
        import torch

        batches = [torch.from_numpy(x).permute(2, 0, 1)[None].float() / 255 for x in (sr, hr)]
        with torch.no_grad():
            return {name: float(metric(*batches)) for name, metric in self._metrics.items()}


def _load(name: str) -> Callable[..., Any]:
    """A metric of pyiqa, which downloads its weights on first use."""
    import pyiqa  # pyright: ignore[reportMissingImports]

    metric = pyiqa.create_metric(name)
    return metric if name != "niqe" else lambda sr, hr: metric(sr)
