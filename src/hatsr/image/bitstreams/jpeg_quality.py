"""The quality of a JPEG file, told by its quantisation tables."""

import numpy as np
from jaxtyping import Int
from PIL import Image, JpegImagePlugin

QuantisationTable = Int[np.ndarray, "8 8"]

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8,) * 4),
)
"""ITU-T T.81, tables K.1 and K.2."""


def jpeg_tables(quality: int) -> tuple[QuantisationTable, QuantisationTable]:
    """The tables of luma and chroma at a quality, as libjpeg scales those of the standard.

    Raises:
        ValueError: quality outside 1 .. 100.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must lie in 1 .. 100, got {quality}")
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (
        ((np.array(table) * percent + 50) // 100).clip(1, 255) for table in (_LUMA, _CHROMA)
    )
    return luma, chroma


def quality_of_table(luma: QuantisationTable) -> int:
    """The quality, 1 to 100, at which libjpeg's steps of luma are nearest to a file's.

    Exact for the tables of libjpeg and its like; for others (cameras, Photoshop) the quality whose
    steps differ least, in the mean of the logarithms.
    """
    steps = np.log(np.maximum(luma, 1))
    far = [np.abs(steps - np.log(jpeg_tables(q)[0])).mean() for q in range(1, 101)]
    return 1 + int(np.argmin(far))


def file_quality(image: Image.Image) -> int | None:
    """The quality of an open JPEG file; None where it has no table for its first component."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or not image.layer:
        return None
    table = image.quantization.get(image.layer[0][3])
    return None if table is None else quality_of_table(np.array(table).reshape(8, 8))
