"""Where results go: beside the pictures, into a folder, or to one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hatsr import image, video
from hatsr.batch.finding import PictureFile
from hatsr.files import check_not_input

_PICTURES, _CLIPS = image.SEQUENCE_FORMATS, video.CONTAINERS
_ANIMATIONS = set(image.SEQUENCE_FORMATS) - set(image.FORMATS)
_WRITABLE = {**_PICTURES, **_CLIPS}
Existing = Literal["refuse", "overwrite", "skip"]
_DOCUMENTS = {
    ".pdf", ".svg", ".eps", ".ico", ".exr", ".hdr", ".nef", ".cr2", ".arw", ".mp4", ".mov", ".avi",
    ".webm", ".txt", ".md", ".csv", ".json", ".jsonl", ".html", ".xml", ".tex", ".doc", ".docx",
    ".zip", ".tar", ".gz", ".pth", ".safetensors", ".onnx",
}  # fmt: skip
"""Endings that name a file, not a folder, and that no picture is written to."""


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
    first_frame: bool = False
    """Of animations and documents, only the first frame or page."""


def check_output(output: Output, pictures: Sequence[PictureFile]) -> None:
    """Refuse what could not be meant, before any work.

    Raises:
        ValueError: an ending that cannot be written, a file where a folder is needed, a file of
            another format than the one asked for, or the picture itself; a clip's first frame.
    """
    clips = [picture for picture in pictures if picture.is_clip]
    if output.first_frame and clips:
        raise ValueError(
            "first frame must be that of an animation or a document, got the clip "
            f"{clips[0].path}; save its frame as a picture first, or leave out --first-frame"
        )
    has_pictures = len(clips) < len(pictures) or not pictures
    known = [*(_PICTURES if has_pictures else ()), *(_CLIPS if clips else ())]
    endings = ", ".join(ending for ending in known if ending not in _ANIMATIONS)
    if output.ending is not None and output.ending not in known:
        raise ValueError(f"format must be one of {endings}, got {output.ending}")
    place = output.place
    if place is None or place.is_dir():
        return
    own = place.suffix.lower()
    if own not in known:
        check_folder_name(place, f"output must end in one of {endings}, or be a folder")
        return
    if len(pictures) > 1:
        many = f"{len(pictures)} pictures"
        raise ValueError(f"output must be a folder for {many}, got the file {place}")
    if output.ending is not None and _WRITABLE[output.ending] != _WRITABLE[own]:
        raise ValueError(f"output must end in {output.ending} as the format, got {place}")
    check_not_input(place, [picture.path for picture in pictures])


def check_folder_name(place: Path, rule: str = "output must be a folder") -> None:
    """Refuse a folder that would be made under a name with the ending of a file.

    Args:
        place: a folder that is there is taken under any name.
        rule: for the message.

    Raises:
        ValueError: it is a file, or ends like one.
    """
    if place.is_dir():
        return
    names_file = place.suffix.lower() in image.READABLE | image.UNREADABLE_KINDS | _DOCUMENTS
    if names_file or place.exists():
        raise ValueError(f"{rule}, got {place}; if a folder is meant, make it first")


def target_of(picture: PictureFile, output: Output, suffix: str, alone: bool) -> Path:
    """Where the result of one picture goes.

    Args:
        picture: what is enlarged.
        output: where results go.
        suffix: of the result's name, such as ``_x4``.
        alone: no other picture is enlarged.
    """
    source, place = picture.path, output.place
    known = _CLIPS if picture.is_clip else _PICTURES
    if place is not None and alone and not place.is_dir() and place.suffix.lower() in known:
        return place
    ending = output.ending
    if ending not in known:
        usual = _CLIPS if picture.is_clip else image.FORMATS
        own = source.suffix.lower()
        ending = own if own in usual else ".mkv" if picture.is_clip else ".png"
    folder = source.parent if place is None else place / picture.subfolder
    return folder / f"{source.stem}{suffix}{ending}"
