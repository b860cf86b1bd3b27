"""An animation or a document enlarged: frame by frame, page by page, from one file to another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hatsr import image
from hatsr.image import PictureFrame, PictureSequence
from hatsr.inference.choosing import ModelChoice, ModelChooser, for_picture
from hatsr.inference.frame_upscaler import FrameUpscaler
from hatsr.inference.upscaler import Upscaler


@dataclass(frozen=True, kw_only=True, slots=True)
class UpscaledSequence:
    """The result for an animation or a file of several pages."""

    lr_size: tuple[int, int]
    """Height and width of the first frame or page, LR pixels."""
    sr_size: tuple[int, int]
    """The same enlarged, HR pixels."""
    upscaler: Upscaler
    """What made the pixels."""
    choice: ModelChoice | None
    """Why its weights, if they were chosen by the first frame."""
    words: tuple[str, ...]
    """What the user must know."""


def upscale_sequence(
    upscaler: Upscaler | ModelChooser,
    sequence: PictureSequence,
    target: Path,
    quality: int | None,
    software_of: Callable[[Upscaler], str],
    progress: Callable[[float], None],
) -> UpscaledSequence:
    """Enlarge all frames or pages; one is in memory at a time.

    Args:
        upscaler: makes the pixels; a chooser takes weights by the first frame, for all of them.
        sequence: what is enlarged.
        target: the result's file; its ending says the format.
        quality: 1 to 100, passed over where the format has none.
        software_of: what the result says about the program that made it.
        progress: told the fraction done.

    Raises:
        ValueError: a frame cannot be enlarged, or the format cannot hold them.
        OSError: the file cannot be written.
    """
    first = next(iter(sequence)).picture
    factor = upscaler.factor
    size = round(first.height * factor), round(first.width * factor)
    target.parent.mkdir(parents=True, exist_ok=True)
    kind = image.check_sequence_writable(target, sequence, size, quality)
    chosen, choice = for_picture(upscaler, first)
    frames = UpscaledFrames(chosen, sequence, progress)
    lost = image.write_sequence(
        target,
        sequence,
        frames,
        quality=quality if kind in image.QUALITY else None,
        software=software_of(chosen),
    )
    return UpscaledSequence(
        lr_size=(first.height, first.width),
        sr_size=size,
        upscaler=chosen,
        choice=choice,
        words=(*([str(choice)] if choice else []), *frames.words(), *lost),
    )


class UpscaledFrames:
    """The frames of a sequence, enlarged as they are asked for.

    Args:
        upscaler: makes the pixels.
        sequence: what is enlarged.
        progress: told the fraction done.
    """

    def __init__(
        self, upscaler: Upscaler, sequence: PictureSequence, progress: Callable[[float], None]
    ) -> None:
        self.sequence, self.progress = sequence, progress
        self.frame_upscaler = FrameUpscaler(upscaler)
        self.notes: dict[str, None] = dict.fromkeys(sequence.notes)

    def __iter__(self) -> Iterator[PictureFrame]:
        """The enlarged frames, one after the other."""
        count = self.sequence.count
        for index, frame in enumerate(self.sequence):
            self.notes.update(dict.fromkeys(frame.picture.notes))
            sr = self.frame_upscaler.upscale(
                frame.picture, lambda f, i=index: self.progress((i + f) / count)
            )
            yield replace(frame, picture=sr)

    def words(self) -> tuple[str, ...]:
        """What the user must know, after the last frame."""
        same = self.frame_upscaler.reused
        what = "frames" if self.sequence.kind == "animation" else "pages"
        told = f"{self.sequence.count} {what}"
        return (told + (f", {same} of them as the one before" if same else ""), *self.notes)
