"""The work of the tab Compare: two networks on one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatsr.apps.web.work.model_cache import ModelCache

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from numpy import ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareTask:
    """Enlarge a picture by two networks and say how the results differ."""

    source: str
    """The LR picture, named from the job's folder."""
    models: tuple[str, str]
    """Names among those of the service, of one scale."""
    hr: str = ""
    """The true large picture, likewise; empty: it is not known."""

    def run(
        self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]
    ) -> CompareResult:
        """Enlarge, compare, draw.

        Raises:
            ValueError: models of two scales, or a picture that cannot be used.
            LimitError: a picture is too large.
        """
        from hatsr import image
        from hatsr.inference.choosing import for_picture

        scale, other = (model_cache.scale(name) for name in self.models)
        if scale != other:
            raise ValueError(
                f"models to compare must have one scale, got x{scale} and x{other}; choose others"
            )
        source = folder / self.source
        size = image.header_size(source)
        if size is not None:
            model_cache.limits.check_pixels(size, scale)
        lr = image.read(source, max_pixels=model_cache.limits.max_pixels(scale))
        results = []
        for i, name in enumerate(self.models):
            upscaler, _ = for_picture(model_cache.upscaler(name), lr)
            sr = upscaler.upscale_picture(lr, lambda f, i=i: progress((i + f) / 2))
            results.append(image.to_codes(sr.rgb))
        for name, codes in zip(("a.png", "b.png"), results, strict=True):
            image.write(image.from_array(codes), folder / name)
        largest, mean = write_difference(results[0], results[1], folder / "difference.png")
        quality = self._quality(results, folder, scale, model_cache) if self.hr else ()
        return CompareResult(models=self.models, largest=largest, mean=mean, quality=quality)

    def _quality(
        self,
        results: list[UInt8[ndarray, "h w 3"]],
        folder: Path,
        scale: int,
        model_cache: ModelCache,
    ) -> tuple[tuple[float, float], ...]:
        """PSNR and SSIM of each result by the protocol of the benchmarks."""
        from hatsr import image
        from hatsr.evaluation import psnr, ssim

        h, w = results[0].shape[:2]
        most = max(model_cache.limits.pixels, 2 * h * w)
        hr = image.to_codes(image.read(folder / self.hr, max_pixels=most).rgb)
        if not (h <= hr.shape[0] < h + scale and w <= hr.shape[1] < w + scale):
            raise ValueError(
                f"HR must be {scale} times as large as the picture, {h} x {w}, got "
                f"{hr.shape[0]} x {hr.shape[1]}; choose the original of this picture"
            )
        hr = hr[:h, :w]
        return tuple((psnr(sr, hr, crop=scale), ssim(sr, hr, crop=scale)) for sr in results)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareResult:
    """How two results differ; they and the map are a.png, b.png, difference.png."""

    models: tuple[str, str]
    """Names of the networks."""
    largest: int
    """Difference of a pixel, 8-bit codes; white on the map."""
    mean: float
    """Difference of all, 8-bit codes."""
    quality: tuple[tuple[float, float], ...]
    """PSNR in dB and SSIM of each on Y; empty without HR."""


def write_difference(
    a: UInt8[ndarray, "h w 3"], b: UInt8[ndarray, "h w 3"], path: Path
) -> tuple[int, float]:
    """Draw the largest difference of the three colours, white where it is largest of all.

    Returns:
        The largest and the mean difference, 8-bit codes.
    """
    import numpy as np

    from hatsr import image

    apart = np.abs(a.astype(np.int16) - b).max(axis=2)
    largest = int(apart.max())
    shown = (apart * 255 // max(largest, 1)).astype(np.uint8)
    image.write(image.from_array(shown), path)
    return largest, float(apart.mean())
