"""What the database holds: pictures, their states, and the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DIED = "a worker died when it was under way, twice; is there too little memory?"
State = Literal["waiting", "running", "suspect", "running alone", "done", "skipped", "failed"]
"""suspect: waits to be done alone, since a worker died when it was under way."""
UNFINISHED = ("waiting", "running", "suspect", "running alone")


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRecord:
    """One picture in the database; names are those of its store, such as sub/a.png."""

    id: int = 0
    source: str
    target: str | None
    """None: it cannot have one, another picture's result goes there."""
    bytes: int
    """Size of the file when it was planned."""
    mtime: int
    """When the file was last changed, as it was planned; nanoseconds."""
    height: int = 0
    """LR pixels, by the header; 0: unknown."""
    width: int = 0
    state: State = "waiting"
    attempts: int = 0
    """How often the work on it was begun."""
    reason: str = ""
    """Why it failed or was skipped, or what the user must know."""
    seconds: float = 0.0
    """Seconds in the network."""
    model: str = ""
    """Whose weights made the result; empty: it is not done, or that was not recorded."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """Input, options and memory budget of a job, as stored when it was first started."""

    source: str
    """Its input: a folder, a manifest, or an address."""
    options: Mapping[str, object]
    """What results depend on."""
    budget: int
    """Memory for all workers, bytes."""


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many pictures are in a state."""

    pictures: int = 0
    pixels: int = 0
    """LR pixels, where the header tells."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkResult:
    """A worker's answer for one picture: its new record, and the file with the result."""

    record: PictureRecord
    """Done, failed, or as it was where the work must stop."""
    part: str | None = None
    """File with the result, to be moved into its place; None: it is there already, or none."""
    stamp: str | None = None
    """How to know the result; see `Store.stamp`."""
    stop: str = ""
    """Why nothing can be written any more; the picture waits on."""
