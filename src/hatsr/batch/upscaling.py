"""Many pictures, one after the other."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from hatsr import __version__, image, video
from hatsr.batch.finding import PROGRAM, FoundPictures, PictureFile, find_pictures
from hatsr.batch.many_frames import upscale_sequence
from hatsr.batch.outputs import Output, check_output, target_of
from hatsr.files import check_not_input, message_of
from hatsr.inference.choosing import ModelChooser, for_picture
from hatsr.inference.upscaler import Upscaler


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The result for one picture: done, skipped or failed, and why."""

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
    model: str = ""
    """Whose weights made it."""
    choice: str = ""
    """Why these weights, if they were chosen by the picture."""


@runtime_checkable
class BatchListener(Protocol):
    """Is told how far the work has come."""

    def begin(self, found: FoundPictures) -> None:
        """What the inputs stand for; its pictures will be enlarged."""
        ...

    def tell(self, source: Path, fraction: float) -> None:
        """Progress of a picture, from 0 to 1."""
        ...

    def report(self, outcome: "Outcome") -> None:
        """A picture is done, in one way or another."""
        ...


class SilentListener:
    """A `BatchListener` that does nothing."""

    def begin(self, found: FoundPictures) -> None:
        """Nothing."""

    def tell(self, source: Path, fraction: float) -> None:
        """Nothing."""

    def report(self, outcome: "Outcome") -> None:
        """Nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaleResult:
    """The results for all pictures of a run."""

    found: FoundPictures
    """What the inputs stood for."""
    outcomes: tuple[Outcome, ...]
    """In order, of each picture that was come to."""
    stopped: OSError | None = None
    """Why the work ended before all pictures were done: the disk is full."""


def upscale(
    inputs: Sequence[str],
    upscaler: Upscaler | ModelChooser,
    output: Output,
    *,
    recursive: bool = False,
    max_pixels: int = image.MAX_PIXELS,
    watch: BatchListener | None = None,
) -> UpscaleResult:
    """Enlarge files, folders and what matches patterns; a bad picture does not stop the others.

    Args:
        inputs: paths or patterns.
        upscaler: makes the pixels; a chooser takes other weights for degraded pictures.
        output: where results go.
        recursive: look into the subfolders of folders.
        max_pixels: largest picture to accept, height x width.
        watch: is told how far the work has come.

    Raises:
        ValueError: nothing was done: there are no pictures, or the output cannot be meant.
        OSError: nothing was done: a folder cannot be read.
    """
    watch = watch or SilentListener()
    found = find_pictures(inputs, recursive=recursive)
    if not found.pictures:
        raise ValueError("; ".join((f"no pictures in {', '.join(inputs)}", *found.remarks())))
    check_output(output, found.pictures)
    watch.begin(found)
    outcomes: list[Outcome] = []
    try:
        for outcome in upscale_files(upscaler, found.pictures, output, watch.tell, max_pixels):
            outcomes.append(outcome)
            watch.report(outcome)
    except OSError as error:
        return UpscaleResult(found=found, outcomes=tuple(outcomes), stopped=error)
    return UpscaleResult(found=found, outcomes=tuple(outcomes))


def upscale_files(
    upscaler: Upscaler | ModelChooser,
    pictures: Sequence[PictureFile],
    output: Output,
    progress: Callable[[Path, float], None],
    max_pixels: int = image.MAX_PIXELS,
) -> Iterator[Outcome]:
    """Enlarge pictures one after the other; a bad one does not stop the others.

    Args:
        upscaler: makes the pixels; a chooser takes other weights for degraded pictures.
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
            upscale = _upscale_clip if picture.is_clip else _upscale_file
            outcome = _existing(source, target, sources, output) or upscale(
                upscaler, source, target, output, lambda f, s=source: progress(s, f), max_pixels
            )
        except (ValueError, OSError, MemoryError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            message = message_of(error).removesuffix(f": {source}")
            outcome = Outcome(source=source, target=target, status="failed", message=message)
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
    upscaler: Upscaler | ModelChooser,
    source: Path,
    target: Path,
    output: Output,
    progress: Callable[[float], None],
    max_pixels: int,
) -> Outcome:
    sequence = image.read_sequence(source, max_pixels=max_pixels, first_frame=output.first_frame)
    if sequence.count > 1:
        return _upscale_sequence(upscaler, source, sequence, target, output, progress)
    lr = next(iter(sequence)).picture
    kind = check_target(lr, target, upscaler.factor, output.quality)
    chosen, choice = for_picture(upscaler, lr)
    sr = chosen.upscale_picture(lr, progress)
    quality = output.quality if kind in image.QUALITY else None
    image.write(sr, target, quality=quality, software=software_of(chosen))
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join((*([str(choice)] if choice else []), *lr.notes, *image.losses(sr, kind))),
        lr_size=(lr.height, lr.width),
        sr_size=(sr.height, sr.width),
        model=chosen.name,
        choice=choice.reason if choice else "",
    )


def _upscale_sequence(
    upscaler: Upscaler | ModelChooser,
    source: Path,
    sequence: image.PictureSequence,
    target: Path,
    output: Output,
    progress: Callable[[float], None],
) -> Outcome:
    done = upscale_sequence(upscaler, sequence, target, output.quality, software_of, progress)
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join(done.words),
        lr_size=done.lr_size,
        sr_size=done.sr_size,
        model=done.upscaler.name,
        choice=done.choice.reason if done.choice else "",
    )


def _upscale_clip(
    upscaler: Upscaler | ModelChooser,
    source: Path,
    target: Path,
    output: Output,
    progress: Callable[[float], None],
    max_pixels: int,
) -> Outcome:
    target.parent.mkdir(parents=True, exist_ok=True)
    clip = video.open_clip(source)
    from hatsr.batch.clips import ClipUpscaler  # needs PyAV

    image.check_size(clip.height, clip.width, max_pixels)
    anew = output.existing == "overwrite"
    work = ClipUpscaler(upscaler, clip, target, output.quality, anew=anew)
    words = work.run(progress)
    return Outcome(
        source=source,
        target=target,
        status="done",
        message="; ".join(words),
        lr_size=(clip.height, clip.width),
        sr_size=(work.encoding.height, work.encoding.width),
        model=work.upscaler.name,
        choice=work.choice.reason if work.choice else "",
    )


def check_target(lr: image.Picture, target: Path, factor: int | float, quality: int | None) -> str:
    """Make the folder of a result, and refuse what could not be written before it is computed.

    Args:
        lr: what is enlarged.
        target: the result's file.
        factor: of both sides.
        quality: 1 to 100, passed over where the format has none.

    Returns:
        The format, such as png.

    Raises:
        ValueError: the format cannot hold it, or a quality that is none.
        OSError: the file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    size = round(lr.height * factor), round(lr.width * factor)
    has_quality = image.FORMATS.get(target.suffix.lower()) in image.QUALITY
    quality = quality if has_quality else None
    return image.check_writable(target, size, quality=quality, has_alpha=not lr.opaque)


def software_of(upscaler: Upscaler) -> str:
    """What results say about the program that made them."""
    return f"{PROGRAM} {__version__} ({upscaler.name}, x{upscaler.factor:g})"
