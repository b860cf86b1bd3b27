"""Many pictures, one after the other."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hatsr import __version__, image
from hatsr.files import check_not_input
from hatsr.inference.destination import Output, target_of
from hatsr.inference.finding import PROGRAM, PictureFile
from hatsr.inference.upscaler import Upscaler


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one picture."""

    source: Path
    """What was to be enlarged."""
    target: Path | None
    """The result's file; None for what was left out."""
    status: Literal["done", "skipped", "failed", "left out"]
    """skipped: the target was there; left out: not meant to be enlarged."""
    message: str = ""
    """Why it failed or was left out, or what the user must know."""
    lr_size: tuple[int, int] | None = None
    """Height and width, LR pixels."""
    sr_size: tuple[int, int] | None = None
    """Height and width, HR pixels."""
    seconds: float = 0.0


def upscale_files(
    upscaler: Upscaler,
    pictures: Sequence[PictureFile],
    output: Output,
    progress: Callable[[Path, float], None],
    max_pixels: int = image.MAX_PIXELS,
) -> Iterator[Outcome]:
    """Enlarge pictures one after the other; a bad one does not stop the others.

    Args:
        upscaler: makes the pixels.
        pictures: files to read.
        output: where results go, checked by `check_output`.
        progress: told the picture and the fraction of it that is done.
        max_pixels: largest picture to accept, height x width.

    Raises:
        OSError: the disk is full; nothing that was written before is lost.
    """
    suffix, taken = f"_x{upscaler.factor:g}", {}
    sources = [picture.path for picture in pictures]
    for picture in pictures:
        source, target = picture.path, target_of(picture, output, suffix, len(pictures) == 1)
        start = time.perf_counter()
        try:
            if target in taken:
                raise ValueError(f"{taken[target].name} already goes to {target}; rename one")
            taken[target] = source
            outcome = _existing(source, target, sources, output) or _upscale_file(
                upscaler, source, target, output, lambda f, s=source: progress(s, f), max_pixels
            )
        except (ValueError, OSError, MemoryError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            outcome = Outcome(source=source, target=target, status="failed", message=str(error))
        yield replace(outcome, seconds=time.perf_counter() - start)


def _existing(
    source: Path, target: Path, sources: Sequence[Path], output: Output
) -> Outcome | None:
    """What becomes of a picture whose target is there already; None where it is to be replaced."""
    if not target.exists():
        return None
    if output.existing == "skip":
        return Outcome(source=source, target=target, status="skipped", message="exists")
    check_not_input(target, sources)
    if output.existing == "refuse":
        raise FileExistsError(f"{target} exists; give --overwrite or --skip-existing")
    return None


def _upscale_file(
    upscaler: Upscaler,
    source: Path,
    target: Path,
    output: Output,
    progress: Callable[[float], None],
    max_pixels: int,
) -> Outcome:
    lr = image.read(source, max_pixels=max_pixels)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = round(lr.height * upscaler.factor), round(lr.width * upscaler.factor)
    has_quality = image.FORMATS[target.suffix.lower()] in image.QUALITY
    quality = output.quality if has_quality else None
    kind = image.check_writable(target, size, quality=quality, has_alpha=not lr.opaque)
    sr = upscaler.enlarge_picture(lr, progress)
    software = f"{PROGRAM} {__version__} ({upscaler.name}, x{upscaler.factor:g})"
    image.write(sr, target, quality=quality, software=software)
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join((*lr.notes, *image.losses(sr, kind))),
        lr_size=(lr.height, lr.width),
        sr_size=(sr.height, sr.width),
    )
