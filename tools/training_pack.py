"""The sharpest training pictures as a folder small enough to travel to another machine.

    python tools/training_pack.py FOLDER... --valid FOLDER [-o pack] [--megabytes 50]

Pictures of the folders are ranked by the mean difference of neighbouring pixels, and the first ones
that fit are kept, as they are or as lossless WebP, whichever is smaller; all validation pictures go
along. The result holds `train` and `valid`; `tools/gpu_check.py` trains on it.
"""

import argparse
import io
from pathlib import Path

from PIL import Image

from hatsr.data.pictures import decode
from hatsr.data.samples import detail
from hatsr.image import list_pictures


def smallest(path: Path) -> tuple[bytes, str]:
    """A picture's bytes without loss, and the ending of their format."""
    kept, packed = path.read_bytes(), io.BytesIO()
    Image.fromarray(decode(path)).save(packed, "webp", lossless=True, method=4)
    small = packed.getvalue()
    return (kept, path.suffix) if len(kept) <= len(small) else (small, ".webp")


def put(paths: list[Path], folder: Path, room: float) -> float:
    """Write pictures as long as there is room, bytes; what is left of it."""
    folder.mkdir(parents=True)
    for number, path in enumerate(paths):
        data, ending = smallest(path)
        if len(data) > room:
            break
        (folder / f"{number:04}-{path.stem}{ending}").write_bytes(data)
        room -= len(data)
    return room


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=Path("pack"))
    parser.add_argument("--megabytes", type=float, default=50)
    options = parser.parse_args()
    room = options.megabytes * 1e6
    left = put(list_pictures(options.valid, recursive=True), options.output / "valid", room)
    paths = [path for folder in options.folders for path in list_pictures(folder, recursive=True)]
    ranked = sorted(paths, key=lambda path: detail(decode(path)), reverse=True)
    left = put(ranked, options.output / "train", left)
    count = len(list((options.output / "train").iterdir()))
    print(f"{count} of {len(paths)} pictures, {(room - left) / 1e6:.1f} MB in {options.output}")


if __name__ == "__main__":
    main()
