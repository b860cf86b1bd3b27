"""Many pictures: which files to read, where to write, one after the other."""

import errno
import glob
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hatsr import __version__, image
from hatsr.inference.upscale import Upscaler

READABLE = frozenset(image.FORMATS) | {".bmp", ".gif", ".ppm", ".pgm", ".jfif"}
"""Endings of files that are taken from a folder."""
Existing = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Where and how results are written."""

    place: Path | None = None
    """A file for one picture, else a folder; None: beside each picture."""
    ending: str | None = None
    """Such as ``.png``; None: as the source, where that can be written, else ``.png``."""
    quality: int | None = None
    """1 to 100 for JPEG, WebP and AVIF; other formats have none."""
    existing: Existing = "refuse"
    """What to do where the target is there already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one picture."""

    source: Path
    target: Path
    status: Literal["done", "skipped", "failed"]
    message: str = ""
    """Why it failed, or what the user must know."""
    lr_size: tuple[int, int] | None = None
    """Height and width, LR pixels."""
    sr_size: tuple[int, int] | None = None
    """Height and width, HR pixels."""
    seconds: float = 0.0


def find_pictures(inputs: Sequence[str], suffix: str) -> list[Path]:
    """Files, pictures in folders, and what glob patterns match, in order and once each.

    Args:
        inputs: paths or patterns; a path that cannot be used is kept, to be reported later.
        suffix: of our own results, which are left out beside the pictures that they came from.
    """
    found = list(dict.fromkeys(path for text in inputs for path in _matches(text)))
    known = {(path.parent, path.stem) for path in found}

    def is_result(path: Path) -> bool:
        whose = path.parent, path.stem.removesuffix(suffix)
        return path.stem.endswith(suffix) and whose in known

    return [path for path in found if not is_result(path)]


def _matches(text: str) -> list[Path]:
    """The files that one input stands for."""
    path = Path(text)
    try:
        if not path.exists():
            path = path.expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in READABLE)
            return [p for p in inside if not p.name.startswith(".")]
        if not path.exists():
            matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
            return [match for match in matches if match.is_file()] or [path]
    except (OSError, RuntimeError):  # a name too long, a folder that is closed, ~nobody
        pass
    return [path]


def check_output(output: Output, pictures: int) -> None:
    """Refuse what could not be meant, before any work.

    Raises:
        ValueError: an ending that cannot be written, a file where a folder is needed, or a file of
            another format than the one asked for.
    """
    endings = ", ".join(image.FORMATS)
    if output.ending is not None and output.ending not in image.FORMATS:
        raise ValueError(f"format must be one of {endings}, got {output.ending}")
    place = output.place
    if place is None or place.is_dir() or place.suffix.lower() not in READABLE:
        return
    if place.suffix.lower() not in image.FORMATS:
        raise ValueError(f"output must end in one of {endings}, got {place}")
    if pictures > 1:
        raise ValueError(f"output must be a folder for {pictures} pictures, got the file {place}")
    asked, own = (image.FORMATS.get(e or "") for e in (output.ending, place.suffix.lower()))
    if asked is not None and asked != own:
        raise ValueError(f"output must end in {output.ending} as the format, got {place}")


def target_of(source: Path, output: Output, suffix: str, alone: bool) -> Path:
    """Where the result of one picture goes."""
    place = output.place
    if place is not None and alone and not place.is_dir() and place.suffix.lower() in image.FORMATS:
        return place
    ending = output.ending or source.suffix.lower()
    if ending not in image.FORMATS:
        ending = ".png"
    return (place or source.parent) / f"{source.stem}{suffix}{ending}"


def upscale_files(
    upscaler: Upscaler,
    sources: Sequence[Path],
    output: Output,
    progress: Callable[[Path, float], None],
    max_pixels: int = image.MAX_PIXELS,
) -> Iterator[Outcome]:
    """Enlarge pictures one after the other; a bad one does not stop the others.

    Args:
        upscaler: makes the pixels.
        sources: files to read.
        output: where results go, checked by `check_output`.
        progress: told the picture and the fraction of it that is done.
        max_pixels: largest picture to accept, height x width.

    Raises:
        OSError: the disk is full; nothing that was written before is lost.
    """
    suffix, taken = f"_x{upscaler.factor:g}", {}
    for source in sources:
        target = target_of(source, output, suffix, len(sources) == 1)
        start = time.perf_counter()
        try:
            if target in taken:
                raise ValueError(f"{taken[target].name} already goes to {target}; rename one")
            taken[target] = source
            outcome = _upscale_file(
                upscaler, source, target, output, lambda f, s=source: progress(s, f), max_pixels
            )
        except (ValueError, OSError, MemoryError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            outcome = Outcome(source=source, target=target, status="failed", message=str(error))
        yield replace(outcome, seconds=time.perf_counter() - start)


def _upscale_file(
    upscaler: Upscaler,
    source: Path,
    target: Path,
    output: Output,
    progress: Callable[[float], None],
    max_pixels: int,
) -> Outcome:
    if target.exists() and output.existing == "skip":
        return Outcome(source=source, target=target, status="skipped", message="exists")
    if target.exists() and output.existing == "refuse":
        raise FileExistsError(f"{target} exists; give --overwrite or --skip-existing")
    lr = image.read(source, max_pixels=max_pixels)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = round(lr.height * upscaler.factor), round(lr.width * upscaler.factor)
    has_quality = image.FORMATS[target.suffix.lower()] in image.QUALITY
    quality = output.quality if has_quality else None
    kind = image.check_writable(target, size, quality=quality, has_alpha=not lr.opaque)
    sr = upscaler.enlarge_picture(lr, progress)
    software = f"hatsr {__version__} ({upscaler.name}, x{upscaler.factor:g})"
    image.write(sr, target, quality=quality, software=software)
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join((*lr.notes, *image.losses(sr, kind))),
        lr_size=(lr.height, lr.width),
        sr_size=(sr.height, sr.width),
    )
