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
    """1 to 100 for JPEG, WebP and AVIF."""
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
        inputs: paths or patterns; a path that does not exist is kept, to be reported later.
        suffix: of our own results, which are not taken from a folder again.
    """
    found: dict[Path, None] = {}
    for text in inputs:
        path = Path(text).expanduser()
        if path.is_dir():
            names = sorted(p for p in path.iterdir() if p.suffix.lower() in READABLE)
            stems = {p.stem for p in names}
            found |= {
                p: None
                for p in names
                if not p.name.startswith(".")
                and not (p.stem.endswith(suffix) and p.stem.removesuffix(suffix) in stems)
            }
        elif not path.exists() and (matches := sorted(glob.glob(str(path), recursive=True))):  # noqa: PTH207
            found |= {Path(match): None for match in matches if Path(match).is_file()}
        else:
            found[path] = None
    return list(found)


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
) -> Iterator[Outcome]:
    """Enlarge pictures one after the other; a bad one does not stop the others.

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
                upscaler, source, target, output, lambda f, s=source: progress(s, f)
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
) -> Outcome:
    if target.exists() and output.existing == "skip":
        return Outcome(source=source, target=target, status="skipped", message="exists")
    if target.exists() and output.existing == "refuse":
        raise FileExistsError(f"{target} exists; give --overwrite or --skip-existing")
    lr = image.read(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = tuple(round(side * upscaler.factor) for side in (lr.height, lr.width))
    settings = {"quality": output.quality, "has_alpha": not lr.opaque}
    kind = image.check_writable(target, (size[0], size[1]), **settings)
    sr = upscaler.enlarge_picture(lr, progress)
    software = f"hatsr {__version__} ({upscaler.name}, x{upscaler.factor:g})"
    image.write(sr, target, quality=output.quality, software=software)
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join((*lr.notes, *image.losses(sr, kind))),
        lr_size=(lr.height, lr.width),
        sr_size=(sr.height, sr.width),
    )
