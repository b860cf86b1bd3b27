"""Clips: how steady a still scene stays, and how memory grows with the length.

    python benchmarks/moving_pictures.py steadiness FOLDER [-m hat-t-x4 -m hat-t-real-x4]
    python benchmarks/moving_pictures.py memory [--frames 100 --frames 600]

Steadiness: the mean absolute change between consecutive SR frames, in levels of 255, of a scene
that does not move: crops of pictures of FOLDER, reduced by the benchmark protocol, as they are and
with independent Gaussian noise in every frame. Bicubic interpolates the same frames.

Memory: the largest resident size of a process that enlarges a clip of 320 x 180 pixels by a network
that repeats pixels, so that nothing but the way of the frames counts; a process for each length.
"""

import argparse
import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from torch import Tensor, nn

import hatsr
from hatsr.data import pictures_in
from hatsr.data.pictures import decode, downsample
from hatsr.image import from_array, modcrop
from hatsr.inference.frame_upscaler import FrameUpscaler
from hatsr.resize import imresize

Maker = Callable[[np.ndarray], np.ndarray]
SCALE, SIDE = 4, 48
"""Factor, and side of the crops, LR pixels."""


def change(frames: list[np.ndarray], make: Maker) -> float:
    """Mean absolute difference of consecutive SR frames, levels of 255."""
    srs = [make(frame).astype(np.float64) for frame in frames]
    steps = [np.abs(after - before).mean() for before, after in pairwise(srs)]
    return float(np.mean(steps))


def frames_of(lr: np.ndarray, sigma: float, count: int) -> list[np.ndarray]:
    """A scene that does not move, with noise of its own in each frame."""
    rng = np.random.default_rng(0)
    noisy = (lr + rng.normal(0, sigma, (count, *lr.shape))) if sigma else np.stack([lr] * count)
    return list(np.clip(np.round(noisy), 0, 255).astype(np.uint8))


def enlarging(model: str) -> Maker:
    """As clips are enlarged."""
    frame_upscaler = FrameUpscaler(hatsr.load(model))
    return lambda lr: 255 * frame_upscaler.upscale(from_array(lr)).rgb.clip(0, 1)


def bicubic(lr: np.ndarray) -> np.ndarray:
    return imresize(lr, SCALE)


def steadiness(folder: Path, models: list[str], pictures: int, count: int) -> None:
    makers = {"bicubic": bicubic} | {model: enlarging(model) for model in models}
    lrs = []
    for path in pictures_in(folder)[:pictures]:
        lr = downsample(modcrop(decode(path), SCALE), SCALE)
        top, left = ((side - SIDE) // 2 for side in lr.shape[:2])
        lrs.append(lr[top : top + SIDE, left : left + SIDE])
    print(f"{'noise, levels':>14}" + "".join(f"{name:>16}" for name in makers))
    for sigma in (0.0, 1.0, 2.0):
        means = (
            np.mean([change(frames_of(lr, sigma, count), make) for lr in lrs])
            for make in makers.values()
        )
        print(f"{sigma:>14g}" + "".join(f"{mean:>16.3f}" for mean in means), flush=True)


class Nearest(nn.Module):
    """Repeats pixels."""

    scale, channels, multiple = 2, 3, 1

    def forward(self, lr: Tensor) -> Tensor:
        return lr.repeat_interleave(2, 2).repeat_interleave(2, 3)


def write_clip(path: Path, count: int) -> None:
    """A clip of a box that moves, with sound."""
    import av

    scene = np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 25, {"crf": "23", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(count):
            shown = scene.copy()
            shown[40:80, number % 280 : number % 280 + 40] = 250, 120, 10
            frame = av.VideoFrame.from_ndarray(shown, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def enlarge_clip(path: Path) -> None:
    """Prints the largest resident size, MB."""
    from hatsr.batch import Output, upscale
    from hatsr.inference.upscaler import Upscaler

    target = path.with_name(f"{path.stem}_x2.mkv")
    done = upscale([str(path)], Upscaler(Nearest(), "nearest"), Output(place=target))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{done.outcomes[0].message}: {done.outcomes[0].seconds:.0f} s, {peak:.1f} MB", flush=True
    )


def memory(lengths: list[int]) -> None:
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for count in lengths:
            path = Path(folder) / f"{count}.mp4"
            write_clip(path, count)
            process = context.Process(target=enlarge_clip, args=(path,))
            process.start()
            process.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    steady = commands.add_parser("steadiness")
    steady.add_argument("folder", type=Path)
    steady.add_argument("-m", "--model", action="append", dest="models")
    steady.add_argument("--pictures", type=int, default=4)
    steady.add_argument("--count", type=int, default=5)
    growing = commands.add_parser("memory")
    growing.add_argument("--frames", type=int, action="append")
    args = parser.parse_args()
    if args.command == "memory":
        memory(args.frames or [100, 600])
    else:
        models = args.models or ["hat-t-x4", "hat-t-real-x4"]
        steadiness(args.folder, models, args.pictures, args.count)


if __name__ == "__main__":
    main()
