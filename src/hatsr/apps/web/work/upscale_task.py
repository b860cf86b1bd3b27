"""The work of the tab Enlarge and of the API: one picture, enlarged as the command line does it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hatsr.apps.web.work.model_cache import ModelCache

SHOWN = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp"}
"""Endings of pictures that every browser shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleTask:
    """Enlarge one picture; the fields are the options of `hatsr upscale`."""

    source: str
    """The picture, named from the job's folder."""
    model: str = ""
    """Name among those of the service; empty: the service chooses."""
    scale: int | float | None = None
    """Factor; None: the network's own."""
    ending: str | None = None
    """Such as ``png``; None: as the source."""
    quality: int | None = None
    """1 to 100 for JPEG, WebP, AVIF; None: the usual."""
    denoise: float | None = None
    """0 to 1, between the weights for clean pictures and the real-world ones; None: one of them."""
    ensemble: bool = False
    """Mean over 8 flips and turns."""
    shown: bool = False
    """A page wants pictures that a browser shows."""

    def run(
        self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]
    ) -> "UpscaleTaskResult":
        """Enlarge it.

        Raises:
            ValueError: a picture that cannot be read, or an option that breaks its rule.
            LimitError: it is too large.
        """
        from hatsr import image
        from hatsr.batch import Output, PictureFile, check_output, upscale_files

        source, place = folder / self.source, folder / "result"
        place.mkdir()
        ending = self.ending and f".{self.ending.lower().lstrip('.')}"
        output = Output(place=place, ending=ending, quality=self.quality, existing="overwrite")
        pictures = [PictureFile(source)]
        if pictures[0].is_clip:
            raise ValueError(
                f"picture must be no clip, got {source.name}; use hatsr upscale for it"
            )
        check_output(output, pictures)
        upscaler = model_cache.upscaler(self.model, self.scale, self.ensemble, self.denoise)
        scale = model_cache.scale(self.model or model_cache.default(self.scale))
        size = image.header_size(source)
        if size is not None:
            model_cache.limits.check_pixels(size, scale)
        most = model_cache.limits.max_pixels(scale)
        (done,) = upscale_files(upscaler, pictures, output, lambda _, f: progress(f), most)
        if done.status != "done" or done.lr_size is None or done.sr_size is None:
            raise ValueError(done.message.removeprefix(f"{source}: "))
        target = Path(str(done.target))
        return UpscaleTaskResult(
            file=f"{place.name}/{target.name}",
            before=_visible(source, folder / "before.png", done.lr_size) if self.shown else "",
            after=_visible(target, folder / "after.png", done.sr_size) if self.shown else "",
            model=done.model,
            reason=done.choice or "as you chose",
            lr_size=done.lr_size,
            sr_size=done.sr_size,
            seconds=done.seconds,
            notes=done.message.removeprefix(f"{done.model}: {done.choice}").removeprefix("; "),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleTaskResult:
    """The result for one picture; file names are relative to the job's folder."""

    file: str
    """The result."""
    before: str
    """The picture as a browser shows it; empty where no page asked for it."""
    after: str
    """The result as a browser shows it; empty likewise."""
    model: str
    """Name of the network."""
    reason: str
    """Why these weights."""
    lr_size: tuple[int, int]
    """Height and width, LR pixels."""
    sr_size: tuple[int, int]
    """Height and width, HR pixels."""
    seconds: float
    """To read, enlarge and write."""
    notes: str
    """What the user must know about the files; empty: nothing."""


def _visible(path: Path, copy: Path, size: tuple[int, int]) -> str:
    """The name of a picture that a browser shows: its own, or that of a copy as PNG."""
    from dataclasses import replace

    from hatsr import image

    if path.suffix.lower() in SHOWN:
        return path.relative_to(copy.parent).as_posix()
    image.write(replace(image.read(path, max_pixels=size[0] * size[1]), bits=8), copy)
    return copy.name
