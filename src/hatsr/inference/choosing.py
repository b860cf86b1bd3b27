"""Which shipped weights a picture needs: those for clean pictures, or the real-world ones."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hatsr import checkpoint, image
from hatsr.image import Picture
from hatsr.inference.loading import open_model
from hatsr.inference.removed_detail import removed_detail
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler

BAD_QUALITY: dict[image.Codec, int] = {"JPEG": 95, "WebP": 70}
"""Up to these qualities the real-world weights are no worse in the mean, and enlarge no ringing."""
MUCH_REMOVED = 0.19
"""From this share on they are; what is measured on clean pictures is below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """What is known of a picture's defects."""

    compression: image.Compression | None = None
    """Codec and quality of its file, if lossy."""
    former_jpeg: int | None = None
    """Quality of the JPEG that it was before; see `hatsr.image.former_jpeg_quality`."""
    removed: float | None = None
    """Share of the fine detail that the real-world network removes; see `removed_detail`."""

    @property
    def defect(self) -> str | None:
        """What is wrong with the picture in words, so that real-world weights are better."""
        file = self.compression
        if file and file.quality <= BAD_QUALITY[file.codec]:
            return f"{file.codec} of quality about {file.quality}"
        if self.former_jpeg is not None and self.former_jpeg <= BAD_QUALITY["JPEG"]:
            return f"was a JPEG of quality about {self.former_jpeg}"
        if self.removed is not None and self.removed >= MUCH_REMOVED:
            return f"{self.removed:.0%} of its fine detail looks like noise or compression"
        return None


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The weights for a picture, and why these."""

    model: str
    """A shipped name."""
    reason: str
    """A phrase for the user."""

    def __str__(self) -> str:
        return f"{self.model}: {self.reason}"


def facts_of(picture: Picture, real: Upscaler) -> PictureFacts:
    """What a picture's file and pixels say about its defects, until one is found.

    Args:
        picture: LR.
        real: the real-world network that it would get.
    """
    facts = PictureFacts(compression=picture.compression)
    if facts.defect is None:
        facts = replace(facts, former_jpeg=image.former_jpeg_quality(picture.rgb))
    if facts.defect is None:
        facts = replace(facts, removed=removed_detail(picture.rgb, real))
    return facts


def choose(facts: PictureFacts, scale: int | float | None = None) -> ModelChoice:
    """The shipped weights for a picture.

    The thresholds were found on the validation pictures (`benchmarks/real_world.py --choice`).

    Args:
        facts: the picture's.
        scale: what was asked for; None for the default.
    """
    if facts.defect is None:
        return ModelChoice(checkpoint.default_model(scale), "no strong compression or noise found")
    return ModelChoice(checkpoint.real_world_model(scale), facts.defect)


class ModelChooser:
    """An `Upscaler` for each picture, opened when first needed.

    Args:
        settings: how to run.

    Raises:
        ValueError: as `Upscaler`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._upscalers: dict[str, Upscaler] = {}
        self.clean = self._open(checkpoint.default_model(settings.scale))
        self.factor = self.clean.factor

    def choose(self, picture: Picture) -> tuple[Upscaler, ModelChoice]:
        """The upscaler for a picture, and why this one."""
        scale = self.settings.scale
        real = self._open(checkpoint.real_world_model(scale))
        choice = choose(facts_of(picture, real), scale)
        return self._open(choice.model), choice

    def _open(self, model: str) -> Upscaler:
        if model not in self._upscalers:
            self._upscalers[model] = open_model(model, self.settings)
        return self._upscalers[model]


def for_picture(
    upscaler: Upscaler | ModelChooser, picture: Picture
) -> tuple[Upscaler, ModelChoice | None]:
    """The upscaler for a picture: the one that there is, or the one that is chosen, and why."""
    return upscaler.choose(picture) if isinstance(upscaler, ModelChooser) else (upscaler, None)


def open_upscaler(
    model: str | os.PathLike[str] | None,
    settings: Settings,
    overrides: Mapping[str, object] | None = None,
    denoise: float | None = None,
) -> Upscaler | ModelChooser:
    """`open_model`, or, where nothing says which weights, those that each picture needs."""
    if model or overrides or denoise is not None:
        return open_model(model, settings, overrides, denoise)
    return ModelChooser(settings)
