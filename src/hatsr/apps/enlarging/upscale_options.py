"""How pictures are enlarged: the options that `hatsr upscale` and `hatsr batch` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatsr.apps.cli.options import (
    Option,
    denoise_option,
    device_option,
    ending_option,
    ensemble_option,
    existing_options,
    first_frame_option,
    gathered,
    max_pixels_option,
    memory_option,
    model_option,
    precision_option,
    quality_option,
    scale_option,
    tile_option,
)
from hatsr.apps.cli.overrides import set_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatsr.batch import Existing, Output, PictureFile
    from hatsr.inference.settings import Precision, Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleOptions:
    """What a user says of how pictures are enlarged and written; None: not said."""

    model: str | None
    denoise: float | None
    scale: float | None
    ending: str | None
    quality: int | None
    memory: str | None
    tile: int | None
    precision: Precision
    ensemble: bool
    device: str
    existing: Existing | None
    first_frame: bool
    max_pixels: int | None
    overrides: dict[str, object]

    def settings(self) -> Settings:
        """How the network runs.

        Raises:
            ValueError: a value breaks its rule.
        """
        from hatsr.inference.settings import Settings

        return Settings(
            device=self.device,
            precision=self.precision,
            memory=self.memory,
            tile=self.tile,
            ensemble=self.ensemble,
            scale=self.scale,
        )

    def output(self, place: Path | None = None) -> Output:
        """Where results go, and in which format.

        Raises:
            ValueError: a value breaks its rule.
        """
        from hatsr.batch import Output

        return Output(
            place=place,
            ending=self.ending and f".{self.ending.lower().lstrip('.')}",
            quality=self.quality,
            existing=self.existing or "refuse",
            first_frame=self.first_frame,
        )

    def largest(self) -> int:
        """The most pixels to read, height x width."""
        from hatsr import image

        return self.max_pixels or image.MAX_PIXELS


def check_quality(output: Output, pictures: Sequence[PictureFile]) -> None:
    """Refuse a quality that no result has; where some have one, it is for those.

    Raises:
        ValueError: all results are of formats that lose nothing.
    """
    from hatsr import image, video
    from hatsr.batch import target_of

    alone = len(pictures) == 1
    endings = {target_of(each, output, "", alone).suffix.lower() for each in pictures}
    lossy = {ending for ending, kind in image.FORMATS.items() if kind in image.QUALITY}
    if output.quality is not None and not endings & (lossy | set(video.CONTAINERS)):
        raise ValueError(
            f"quality is for lossy jpg, webp, avif and clips, got {output.quality} for "
            f"{', '.join(sorted(endings))}; leave it out, or choose another --format"
        )


def upscale_options(memory: str) -> Option[Any]:
    """The options, given to the command as `how`; `memory` says what the budget is for."""
    return gathered(
        UpscaleOptions,
        "how",
        model_option(),
        denoise_option,
        scale_option,
        ending_option,
        quality_option,
        memory_option(memory),
        tile_option,
        precision_option,
        ensemble_option,
        device_option,
        existing_options,
        first_frame_option,
        max_pixels_option,
        set_option(),
    )
