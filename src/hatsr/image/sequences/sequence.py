"""Frames and pages: what a file holds beside its first picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hatsr.image.picture import Picture

SequenceKind = Literal["animation", "pages"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PictureFrame:
    """A whole frame as it is seen, or a page."""

    picture: Picture
    """Its pixels, with the file's metadata, or the page's own."""
    seconds: Fraction = Fraction(0)
    """How long it is shown; pages are not."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PictureSequence:
    """The frames of an animation, or the pages of a document, read one at a time."""

    kind: SequenceKind
    count: int
    """How many there are; 1 for a plain picture."""
    plays: int
    """How often an animation is played; 0: for ever."""
    frames: Callable[[], Iterator[PictureFrame]]
    """Reads them, from the first one on."""
    notes: tuple[str, ...] = ()
    """What a user must be told about how they are read."""

    def __iter__(self) -> Iterator[PictureFrame]:
        """Each in turn, from the first one on."""
        return self.frames()
