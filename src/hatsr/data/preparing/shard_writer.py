"""Writing shards: pictures into tar files, where they lie into the index, the manifest last."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path

import numpy as np

from hatsr.data.pictures import encode
from hatsr.data.shards import FORMAT, INDEX, MANIFEST, PICTURES, shard_name
from hatsr.data.sources import DataError
from hatsr.files import replacing


class ShardWriter:
    """Writes a set of shards; the manifest comes last, so that a cut one is no set.

    Nothing is written before the first picture; a `with` block that fails leaves nothing.
    """

    def __init__(self, folder: Path, scales: tuple[int, ...], per_shard: int = 1000) -> None:
        if per_shard < 1:
            raise DataError(f"per_shard must be at least 1, got {per_shard}")
        _check_empty(folder)
        self.folder, self.scales, self.per_shard = folder, scales, per_shard
        self.count = 0
        self.index: BufferedWriter | None = None
        self.tar: tarfile.TarFile | None = None
        self._made = [place for place in (folder, *folder.parents) if not place.exists()]

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        for file in (self.tar, self.index):
            with suppress(OSError):  # a full disk has no room for the end of a tar either
                if file is not None:
                    file.close()
        names = (path.name for path in self.folder.glob("shard-*.tar"))
        for name in (*names, INDEX, PICTURES):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # others have put files there meanwhile
            for place in self._made:
                place.rmdir()

    def add(self, hr: np.ndarray, lr: Mapping[int, np.ndarray]) -> None:
        """Append a picture."""
        if self.index is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.index = (self.folder / INDEX).open("wb")
        shard, place = divmod(self.count, self.per_shard)
        if self.tar is None or place == 0:
            self._close_tar()
            self.tar = tarfile.open(self.folder / shard_name(shard), "w")  # noqa: SIM115
        row = [shard, *self._put(self.tar, "hr.png", encode(hr))]
        for scale in self.scales:
            row += self._put(self.tar, f"lrx{scale}.png", encode(lr[scale]))
        self.index.write(np.array(row, dtype="<i8").tobytes())
        self.count += 1

    def _put(self, tar: tarfile.TarFile, ending: str, data: bytes) -> tuple[int, int]:
        """Offset and size of a new member's bytes."""
        member = tarfile.TarInfo(f"{self.count:09}.{ending}")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
        padded = -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        return tar.offset - padded, len(data)

    def _close_tar(self) -> None:
        if self.tar is not None:
            self.tar.close()

    def close(self, about: Mapping[str, object], lines: Iterable[str] = ()) -> Path:
        """Write the manifest (and one line of text for each picture) and give its path."""
        self._close_tar()
        if self.index is not None:
            self.index.close()
        text = "".join(line + "\n" for line in lines)
        (self.folder / PICTURES).write_text(text, encoding="utf-8")
        digest = hashlib.blake2b((self.folder / INDEX).read_bytes(), digest_size=8).hexdigest()
        manifest = {
            "format": FORMAT,
            "pictures": self.count,
            "scales": list(self.scales),
            "index_digest": digest,
            **about,
        }
        path = self.folder / MANIFEST
        with replacing(path) as part:
            part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        return path


def _check_empty(folder: Path) -> None:
    """Refuse a folder with anything in it, and say what seems to be in it."""
    if folder.exists() and any(folder.iterdir()):
        found = "other files; name a new folder"
        if (folder / MANIFEST).exists():
            found = "a finished set; name a new folder"
        elif (folder / INDEX).exists():
            found = "the rest of an interrupted start; delete the folder and start again"
        raise DataError(f"shards must go into an empty folder, got {folder} with {found}")
