"""Pictures in tar files (webdataset's layout) with an index for reading any of them at once.

A folder of shards holds `manifest.json`, `index.bin`, `pictures.jsonl` (which file each came
from) and `shard-00000.tar` on. A tar's members are `<number>.hr.png` and, per scale,
`<number>.lrx4.png`: webdataset groups them by number. The index has one row of 64-bit integers
for each picture and is memory-mapped, so that opening a million pictures costs what opening ten
does. Folder or URL: a remote tar is read by range.
"""

import hashlib
import http.client
import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
from jaxtyping import Int64, UInt8

from hatsr.data.pictures import decode
from hatsr.data.sources import DataError, Source, open_folders
from hatsr.files import replacing

FORMAT = "hatsr shards 1"
MANIFEST, INDEX, PICTURES = "manifest.json", "index.bin", "pictures.jsonl"
_PAUSES = (0.5, 2.0, 8.0)  # seconds before a remote read is tried again
_COLUMNS = 3  # shard, offset and bytes of HR; then offset and bytes of each LR


@dataclass(frozen=True, slots=True)
class ShardSource:
    """A set of pictures in tar files."""

    place: str
    """Folder or URL, without the final slash."""
    index_path: Path
    """The index; for a URL a local copy."""
    count: int
    """How many pictures there are."""
    scales: tuple[int, ...]
    """Scales whose LR is stored."""

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        """The shard's path and the picture's number in the set."""
        return f"{self.place}/{shard_name(int(self._row(index)[0]))}:{index:09}"

    def hr(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """Read and decode HR."""
        return decode(self._member(index, 1))

    def lr(self, index: int, scale: int) -> UInt8[np.ndarray, "h w 3"] | None:
        """Read and decode the stored LR, if there is one of this scale."""
        if scale not in self.scales:
            return None
        return decode(self._member(index, _COLUMNS + 2 * self.scales.index(scale)))

    def fingerprint(self) -> str:
        """Digest of the index, which holds where each picture lies and its size."""
        return hashlib.blake2b(self.index_path.read_bytes(), digest_size=8).hexdigest()

    def _row(self, index: int) -> Int64[np.ndarray, " fields"]:
        return _map_index(self.index_path, _COLUMNS + 2 * len(self.scales))[index]

    def _member(self, index: int, column: int) -> bytes:
        row = self._row(index)
        shard, offset, size = int(row[0]), int(row[column]), int(row[column + 1])
        return read_range(f"{self.place}/{shard_name(shard)}", offset, size)


@lru_cache(maxsize=8)
def _map_index(path: Path, columns: int) -> np.ndarray:
    return np.memmap(path, dtype="<i8", mode="r").reshape(-1, columns)


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"shard-{number:05}.tar"


def is_remote(place: str) -> bool:
    """Whether a place is a URL."""
    return place.startswith(("http://", "https://"))


def read_range(place: str, offset: int, size: int) -> bytes:
    """Some bytes of a file or of what stands at a URL."""
    if not is_remote(place):
        with Path(place).open("rb") as file:
            file.seek(offset)
            data = file.read(size)
    else:
        data = _fetch(place, {"Range": f"bytes={offset}-{offset + size - 1}"}, 206)
    if len(data) != size:
        raise OSError(f"{place} must have {size} bytes at {offset}, got {len(data)}")
    return data


def _read_all(place: str) -> bytes:
    return _fetch(place) if is_remote(place) else Path(place).read_bytes()


def _fetch(url: str, headers: Mapping[str, str] | None = None, status: int = 200) -> bytes:
    """The body of an answer with that status; what fails in passing is tried again."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310  http only
    pauses = iter(_PAUSES)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.read() if answer.status == status else b""
        except (OSError, http.client.HTTPException) as error:
            pause = next(pauses, None)
            if pause is None or (isinstance(error, HTTPError) and error.code < 500):
                raise OSError(f"{url} must be readable, got {error}") from error
            time.sleep(pause)


def open_shards(manifest: str) -> ShardSource:
    """Open a prepared set by its manifest, a file or a URL; the size of the set costs nothing.

    Raises:
        DataError: no manifest of ours, or an index that does not belong to it.
    """
    place = manifest.rpartition("/")[0] or "."
    try:
        about = json.loads(_read_all(manifest))
    except (OSError, ValueError) as error:
        raise DataError(f"{manifest} must be a manifest of shards: {error}") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise DataError(f"{manifest} must be of format {FORMAT!r}; make it by `hatsr data prepare`")
    try:
        count, scales, digest = about["pictures"], tuple(about["scales"]), about["index_digest"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{manifest} must be whole, got {error}; prepare again") from None
    index = _cached(f"{place}/{INDEX}", digest) if is_remote(place) else Path(place) / INDEX
    bytes_expected = count * 8 * (_COLUMNS + 2 * len(scales))
    if not index.is_file() or index.stat().st_size != bytes_expected:
        raise DataError(
            f"{index} must have the {bytes_expected} bytes of its manifest; prepare again"
        )
    return ShardSource(place, index, count, scales)


def _cached(url: str, digest: str) -> Path:
    """A local copy of a remote index."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = Path(root).expanduser() / "hatsr" / f"{digest}.bin"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        data = _read_all(url)
        with replacing(path) as part:
            part.write_bytes(data)
    return path


def is_manifest(place: str) -> bool:
    """Whether a place of pictures names shards, by their manifest, and not a folder."""
    return place.endswith(".json")


def open_source(places: Sequence[str], lr_folder: Path | None = None, scale: int = 4) -> Source:
    """One set of shards by its manifest, or folders.

    Args:
        places: one manifest.json (a file or URL), or folders of HR pictures.
        lr_folder: of the LR pictures that go with the one HR folder.
        scale: of these.

    Raises:
        DataError: nothing found, or an HR picture without its LR.
    """
    if len(places) == 1 and is_manifest(places[0]):
        return open_shards(places[0])
    return open_folders([Path(place) for place in places], lr_folder, scale)
