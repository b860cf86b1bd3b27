"""How close tiles come to the whole picture, with shared means and without.

    python benchmarks/tiles.py PICTURE... [--model hat-t-x4] [--tile 128] [--overlap 32]

PSNR in dB of the raw SR of each way of tiling against the SR of the whole picture: ours; ours
without sharing what channel attention pools; tiles blended over their whole overlap; tiles cut
hard in the middle of it; and the same off the window's grid, as programs cut them that do not
know the network.
"""

import argparse
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from hatsr import Settings, Upscaler, checkpoint, image
from hatsr.inference.tiling.tiles import cut, plan
from hatsr.model.windows import pad_to_multiple

WINDOW = 16
"""A multiple of the networks' window: tiles on this grid have the windows of the whole picture."""


def psnr(a: Tensor, b: Tensor) -> float:
    return -10 * (a.double() - b.double()).square().mean().log10().item()


def blended(
    enlarge: Callable[[Tensor], Tensor], lr: Tensor, scale: int, options: argparse.Namespace
) -> Tensor:
    """Every tile on its own, linear weights over the whole overlap."""
    height, width = lr.shape[-2:]
    total = torch.zeros(1, 3, height * scale, width * scale)
    weights = torch.zeros_like(total[:, :1])
    for tile in plan(height, width, options.tile, options.overlap, WINDOW):
        ramps = []
        for span, length in ((tile.rows, height), (tile.cols, width)):
            near = torch.arange(1, (span.stop - span.start) * scale + 1).float()
            far = near.flip(0)
            ramp = torch.ones_like(near)
            ramp = torch.minimum(ramp, near / (options.overlap * scale)) if span.start else ramp
            ramp = (
                torch.minimum(ramp, far / (options.overlap * scale)) if span.stop < length else ramp
            )
            ramps.append(ramp)
        weight = ramps[0][:, None] * ramps[1]
        part = (
            slice(None),
            slice(None),
            slice(tile.rows.start * scale, tile.rows.stop * scale),
            slice(tile.cols.start * scale, tile.cols.stop * scale),
        )
        total[part] += weight * enlarge(cut(lr, tile).contiguous())
        weights[part] += weight
    return total / weights


def hard(
    enlarge: Callable[[Tensor], Tensor], lr: Tensor, scale: int, core: int, margin: int
) -> Tensor:
    """Cores side by side, each enlarged with a margin that is cut away."""
    height, width = lr.shape[-2:]
    out = torch.zeros(1, 3, height * scale, width * scale)
    for y, x in product(range(0, height, core), range(0, width, core)):
        y0, x0 = max(0, y - margin), max(0, x - margin)
        y1, x1 = min(height, y + core), min(width, x + core)
        sr = enlarge(lr[:, :, y0 : y1 + margin, x0 : x1 + margin].contiguous())
        out[:, :, y * scale : y1 * scale, x * scale : x1 * scale] = sr[
            :, :, (y - y0) * scale : (y1 - y0) * scale, (x - x0) * scale : (x1 - x0) * scale
        ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--model", default=checkpoint.DEFAULT_MODEL)
    parser.add_argument("--tile", type=int, default=128)
    parser.add_argument("--overlap", type=int, default=32)
    options = parser.parse_args()
    found = checkpoint.read(checkpoint.resolve(options.model))
    settings = Settings(device="cpu", tile=options.tile, overlap=options.overlap)
    whole = Upscaler(found.model(), "whole", Settings(device="cpu"))
    tiled = Upscaler(found.model(), "tiled", settings)
    alone = Upscaler(found.model(), "alone", settings)
    alone.tiled._measure = lambda *_: None  # pyright: ignore[reportAttributeAccessIssue]
    step, scale = options.tile - options.overlap, whole.scale
    print("picture: shared, not shared, blended, hard cut, hard cut off the grid (dB to the whole)")
    for name in options.pictures:
        lr = pad_to_multiple(image.to_tensor(image.read(name)), WINDOW)
        full = whole.upscale_tensor(lr)
        row = [
            tiled.upscale_tensor(lr),
            alone.upscale_tensor(lr),
            blended(whole.upscale_tensor, lr, scale, options),
            hard(whole.upscale_tensor, lr, scale, step, options.overlap // 2),
            hard(whole.upscale_tensor, lr, scale, step + 4, options.overlap // 2 - 2),
        ]
        print(
            f"{name} {tuple(lr.shape[2:])}: " + ", ".join(f"{psnr(sr, full):.1f}" for sr in row),
            flush=True,
        )


if __name__ == "__main__":
    main()
