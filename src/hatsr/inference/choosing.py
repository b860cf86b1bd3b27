"""Which shipped weights a picture needs: those for clean pictures, or the real-world ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from hatsr import checkpoint, image
from hatsr.image import Picture
from hatsr.inference.opening import open_model
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler

BAD_QUALITY: dict[image.Codec, int] = {"JPEG": 85, "WebP": 70}
"""Up to these qualities the real-world weights are better in the mean."""
BAD_NOISE = 5.5
"""Levels of 255 from which on they are; what is measured on clean pictures is below 5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFacts:
    """What is known of a picture's defects."""

    compression: image.Compression | None = None
    """Of its file."""
    former_jpeg: int | None = None
    """Quality of the JPEG that it was before; see `hatsr.image.former_jpeg_quality`."""
    noise: float | None = None
    """Levels of 255; see `hatsr.image.noise_level`."""
    clip_codec: str | None = None
    """Of the clip that it is a frame of, if that leaves out detail."""

    @property
    def defect(self) -> str | None:
        """What is wrong with the picture in words, so that real-world weights are better."""
        file = self.compression
        if self.clip_codec is not None:
            return f"frames compressed with {self.clip_codec}"
        if file and file.quality <= BAD_QUALITY[file.codec]:
            return f"{file.codec} of quality about {file.quality}"
        if self.former_jpeg is not None and self.former_jpeg <= BAD_QUALITY["JPEG"]:
            return f"was a JPEG of quality about {self.former_jpeg}"
        if self.noise is not None and self.noise >= BAD_NOISE:
            return f"noise of about {self.noise:.0f} levels"
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """The weights for a picture, and why these."""

    model: str
    """A shipped name."""
    reason: str
    """In words."""

    def __str__(self) -> str:
        return f"{self.model}: {self.reason}"


def facts_of(picture: Picture, clip_codec: str | None = None) -> PictureFacts:
    """What a picture's file and pixels, or the codec of its clip, say about its defects."""
    if clip_codec is not None:
        return PictureFacts(clip_codec=clip_codec)
    return PictureFacts(
        compression=picture.compression,
        former_jpeg=image.former_jpeg_quality(picture.rgb),
        noise=image.noise_level(picture.rgb),
    )


def choose(facts: PictureFacts, scale: int | float | None = None) -> Choice:
    """The shipped weights for a picture.

    The thresholds were found on the validation pictures (`benchmarks/real_world.py --choice`).

    Args:
        facts: the picture's.
        scale: what was asked for; None for the default.
    """
    clean = checkpoint.default_model(scale)
    real = checkpoint.real_world_of(clean)
    if facts.defect is None:
        return Choice(clean, "no strong compression or noise found")
    if real is None:
        return Choice(clean, f"{facts.defect}, but there are no real-world weights for the scale")
    return Choice(real, facts.defect)


class Chooser:
    """An `Upscaler` for each picture, opened when first needed.

    Args:
        settings: how to run.

    Raises:
        ValueError: as `Upscaler`.
    """

    def __init__(self, settings: Settings) -> None:
        clean = checkpoint.default_model(settings.scale)
        self.clean = open_model(clean, settings)
        self._upscalers = {clean: self.clean}
        self.settings, self.factor = settings, self.clean.factor

    def choose(self, picture: Picture, clip_codec: str | None = None) -> tuple[Upscaler, Choice]:
        """The upscaler for a picture, and why this one.

        Args:
            picture: what is enlarged, or the first frame of a clip.
            clip_codec: of the clip, if it leaves out detail.
        """
        choice = choose(facts_of(picture, clip_codec), self.settings.scale)
        if choice.model not in self._upscalers:
            self._upscalers[choice.model] = open_model(choice.model, self.settings)
        return self._upscalers[choice.model], choice


def for_picture(upscaler: Upscaler | Chooser, picture: Picture) -> tuple[Upscaler, Choice | None]:
    """The upscaler for a picture: the one that there is, or the one that is chosen, and why."""
    return upscaler.choose(picture) if isinstance(upscaler, Chooser) else (upscaler, None)


def open_upscaler(
    model: str | None,
    settings: Settings,
    overrides: Mapping[str, object] | None = None,
    denoise: float | None = None,
) -> Upscaler | Chooser:
    """`open_model`, or, where nothing says which weights, those that each picture needs."""
    if model or overrides or denoise is not None:
        return open_model(model, settings, overrides, denoise)
    return Chooser(settings)
