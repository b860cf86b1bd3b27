"""How networks do on degraded pictures: PSNR on Y under fixed conditions.

    python benchmarks/real_world.py FOLDER [-m hat-t-x4] [-m runs/hat-t-real-x4/best.safetensors]

FOLDER holds HR pictures (those of the validation, never training ones). LR is made by the benchmark
protocol and then degraded: JPEG of LR at 4:2:0, Gaussian noise of LR, the published second-order
model on HR. The key of a picture under a condition comes from their names, so that the same LR is
made on every machine; JPEG is libjpeg's, of which versions may differ by a level in some pixels.
The column gain is that of the last model over the first. With --choice, the shipped weights that
hatsr upscale takes by itself follow: their PSNR, the gain over the first model, and for how many
pictures they are the real-world ones. The choice sees pixels alone, as in a PNG; a JPEG or WebP
file says more.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

import hatsr
from hatsr.data import pictures_in
from hatsr.data.degrade import CONDITIONS, check_condition, under_condition
from hatsr.data.pictures import decode, downsample
from hatsr.evaluation.metrics import psnr
from hatsr.image import from_array, modcrop
from hatsr.inference.choosing import ModelChooser
from hatsr.inference.settings import Settings
from hatsr.resize import imresize

Upscale = Callable[[np.ndarray], np.ndarray]


def network(model: str, scale: int) -> Upscale:
    """The model as a function of 8-bit arrays; the result of one of larger scale is reduced."""
    return hatsr.load(model, scale=scale).upscale


class Chosen:
    """The shipped weights that a picture gets, counted."""

    def __init__(self, scale: int) -> None:
        self.chooser, self.real = ModelChooser(Settings(scale=scale)), 0

    def __call__(self, lr: np.ndarray) -> np.ndarray:
        upscaler, choice = self.chooser.choose(from_array(lr))
        self.real += "-real-" in choice.model
        return upscaler.upscale(lr)


def scores(
    upscalers: list[Upscale], pictures: list[Path], condition: str, scale: int
) -> np.ndarray:
    """Mean PSNR of each, dB."""
    rows = []
    for path in pictures:
        hr = modcrop(decode(path), scale)
        lr = under_condition(condition, downsample(hr, scale), hr, path.stem)
        rows.append([psnr(upscale(lr), hr, crop=scale) for upscale in upscalers])
    return np.mean(rows, 0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("-m", "--model", action="append", help="names or files; hat-t-x4 if none")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--conditions", nargs="+", type=check_condition, default=CONDITIONS)
    parser.add_argument("--choice", action="store_true", help="add what is taken by itself")
    options = parser.parse_args()
    names = options.model or ["hat-t-x4"]
    scale = options.scale
    upscalers: list[Upscale] = [lambda lr: imresize(lr, scale)]
    upscalers += [network(name, scale) for name in names]
    chosen = Chosen(scale)
    upscalers += [chosen] if options.choice else []
    pictures = pictures_in(options.folder)
    labels = [Path(n).parent.name if Path(n).stem in ("best", "last") else n for n in names]
    heads = ["bicubic", *labels] + (["gain"] if len(names) > 1 else [])
    heads += ["choice", "gain", "real-world"] if options.choice else []
    print(f"{len(pictures)} pictures, x{scale}, PSNR on Y, dB")
    print("condition     " + "".join(f"{head[-16:]:>17}" for head in heads))
    for condition in options.conditions:
        values = scores(upscalers, pictures, condition, scale)
        columns = [f"{value:17.2f}" for value in values[: 1 + len(names)]]
        if len(names) > 1:
            columns.append(f"{values[len(names)] - values[1]:+17.2f}")
        if options.choice:
            columns += [f"{values[-1]:17.2f}", f"{values[-1] - values[1]:+17.2f}"]
            columns.append(f"{chosen.real:11} of {len(pictures)}")
            chosen.real = 0
        print(f"{condition:<14}" + "".join(columns), flush=True)


if __name__ == "__main__":
    main()
