"""What writing a picture costs: work of a processor, and bytes, of ways to compress its pixels.

    python benchmarks/png.py enlarged/*.png [--turns 3]

For PNG the pixels are the differences to the row above (filter UP; the row `any` chooses a filter
for each row), for TIFF those to the left neighbour (predictor 2). Prints the least processor time
of the turns, which are taken in order, for each megapixel of all pictures together, and how many
bytes they have; both beside the first row of each format, which libpng and zlib make.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np

from hatsr import image

Encoder = Callable[[np.ndarray], bytes | bytearray]
FILTER = imagecodecs.PNG.FILTER


def above(codes: np.ndarray) -> bytes:
    """Each row with its filter, UP."""
    rows = codes.reshape(len(codes), -1)
    differences = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    return np.pad(differences, ((0, 0), (1, 0)), constant_values=2).tobytes()


def left(codes: np.ndarray) -> bytes:
    """Each strip of a TIFF file."""
    return np.diff(codes, axis=1, prepend=np.zeros_like(codes[:, :1])).tobytes()


def libdeflate(
    before: Callable[[np.ndarray], bytes], level: int, codes: np.ndarray
) -> bytes | bytearray:
    return imagecodecs.deflate_encode(before(codes), level=level)


def ways() -> dict[str, dict[str, Encoder]]:
    """Encoders by format and name; the first of each is what the others are compared with."""
    png: dict[str, Encoder] = {
        f"libpng {level} {name}": partial(imagecodecs.png_encode, level=level, filter=found)
        for level, name, found in (
            *((4, "UP", FILTER.UP), (4, "any", FILTER.ALL)),
            *((level, "UP", FILTER.UP) for level in (1, 2, 6)),
        )
    }
    png |= {f"libdeflate {level} UP": partial(libdeflate, above, level) for level in range(1, 7)}
    tiff: dict[str, Encoder] = {
        "zlib 6": lambda codes: imagecodecs.zlib_encode(left(codes), level=6)
    }
    tiff |= {f"libdeflate {level}": partial(libdeflate, left, level) for level in range(1, 7)}
    return {"PNG": png, "TIFF": tiff}


def cost(encode: Encoder, pictures: list[np.ndarray]) -> tuple[float, int]:
    """Seconds of a processor, and bytes."""
    start = time.process_time()
    size = sum(len(encode(codes)) for codes in pictures)
    return time.process_time() - start, size


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    pictures = [image.to_array(image.read(path), 8) for path in options.pictures]
    megapixels = sum(codes.shape[0] * codes.shape[1] for codes in pictures) / 1e6
    for kind, encoders in ways().items():
        turns = [[cost(e, pictures) for e in encoders.values()] for _ in range(options.turns)]
        best = [min(found) for found in zip(*turns, strict=True)]
        print(f"{kind:<20}{'ms/megapixel':>14}{'MB':>10}{'time':>8}{'size':>8}")
        for name, (seconds, size) in zip(encoders, best, strict=True):
            print(
                f"{name:<20}{1000 * seconds / megapixels:>14.1f}{size / 1e6:>10.3f}"
                f"{seconds / best[0][0]:>8.2f}{size / best[0][1] - 1:>+8.1%}"
            )


if __name__ == "__main__":
    main()
