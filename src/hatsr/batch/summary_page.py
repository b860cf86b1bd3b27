"""The summary page of a job: one HTML file that needs no other."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, StateCount
from hatsr.batch.option_words import option_words
from hatsr.batch.planning import input_store
from hatsr.batch.stores import Store
from hatsr.files import replacing

SUMMARY = "hatsr-batch.html"
"""File name of the summary, in the output folder."""
_EXTREMES = {
    "slowest": "seconds DESC, id",
    "largest": "height * width DESC, id",
    "smallest": "height * width, id",
}
_SHOWN = 4
"""Thumbnails of each kind."""
_FAILURES = 1000
"""Failures that are listed; the database holds all."""
_THUMBNAIL = 160
"""Longer side of a thumbnail, pixels."""
_LARGEST_THUMBNAIL = 50_000_000
"""LR pixels of the largest picture that is read again for a thumbnail."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture in small, with its figures."""

    record: PictureRecord
    address: str
    """The picture itself as a data address; empty: it cannot be read again."""


def write_summary(database: JobDatabase, remarks: Sequence[str] = ()) -> Path:
    """Write the page about the job as it is now; it appears whole or not at all.

    Args:
        database: of the job.
        remarks: what was left out.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    begun = database.job()
    if begun is None:
        raise ValueError(f"folder must hold a job, got {database.folder}")
    store = input_store(begun.source)
    loader = PackageLoader("hatsr.batch", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    counts = database.counts()
    page = environment.get_template("summary.html.j2").render(
        begun=begun,
        options=option_words(begun.options),
        weights=database.weights(),
        folder=database.folder,
        counts=counts,
        done=counts.get("done", StateCount()),
        total=sum(count.pictures for count in counts.values()),
        remarks=remarks,
        failures=list(database.records("failed", limit=_FAILURES)),
        extremes={
            name: [
                Thumbnail(record, _address(store, record))
                for record in database.records("done", order=order, limit=_SHOWN)
            ]
            for name, order in _EXTREMES.items()
        },
    )
    path = database.folder / SUMMARY
    with replacing(path) as part:
        part.write_bytes(page.encode("utf-8", "replace"))
    return path


def _address(store: Store, record: PictureRecord) -> str:
    if record.height * record.width > _LARGEST_THUMBNAIL:
        return ""
    try:
        small = image.to_pil(image.read(store.open(record.source))).convert("RGB")
    except (OSError, ValueError, MemoryError):
        return ""
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    data = image.encode(image.from_pil(small), "jpeg", quality=82)
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
