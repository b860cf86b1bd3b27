"""TIFF of many pages: each is encoded as a file of one, its directory linked to the last."""

import struct
from collections.abc import Iterable
from io import BufferedIOBase

from hatsr.image.codecs.tiff_writing import Order, encode_tiff
from hatsr.image.errors import PictureError
from hatsr.image.metadata.tiff_directory import byte_order
from hatsr.image.sequences.sequence import PictureFrame


def write_pages(file: BufferedIOBase, frames: Iterable[PictureFrame], software: str | None) -> None:
    """Write pages.

    Args:
        file: to write to, from its beginning.
        frames: pages of any size and layout.
        software: what made them.

    Raises:
        PictureError: they are larger than a TIFF file can be.
    """
    order: Order | None = None
    link, length = 4, 0
    for index, frame in enumerate(frames):
        try:
            page = encode_tiff(frame.picture, software, at=length, order=order)
        except struct.error as error:  # a place in the file that 32 bits cannot say
            raise PictureError(
                f"a TIFF must have at most 4 GiB, got more at page {index + 1}; give --first-frame"
            ) from error
        order = byte_order(page)
        page += bytes(len(page) % 2)
        directory = struct.unpack_from(f"{order}I", page, 4)[0]
        file.write(page)
        file.seek(link)
        file.write(struct.pack(f"{order}I", directory))
        link = _link(page, directory - length, order) + length
        length += len(page)
        file.seek(length)


def _link(page: bytes, directory: int, order: str) -> int:
    """Where a directory holds the offset of the next one, bytes from the beginning of the page."""
    return directory + 2 + 12 * struct.unpack_from(f"{order}H", page, directory)[0]
