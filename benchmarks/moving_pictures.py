"""Clips: how steady a still scene stays, and how memory goes with the length.

    python benchmarks/moving_pictures.py steadiness FOLDER [-m hat-t-x4 -m hat-t-real-x4]
        [--pictures 4] [--count 5]
    python benchmarks/moving_pictures.py memory [--frames 1500] [--at 10 100 500 1000 1500]
        [-m MODEL]

Steadiness: the mean absolute change between consecutive SR frames, in levels of 255, of a scene
that does not move: crops of pictures of FOLDER, reduced by the benchmark protocol, as they are and
with independent Gaussian noise in every frame. Bicubic interpolates the same frames.

Memory: the resident memory of a process that enlarges a clip of 320 x 180 pixels whose frames all
differ, when so many of its frames are done, and the most that it ever was. The network is as small
as can be: memory over time is that of the frames. Reads /proc, which Linux has.
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
import torch

import hatsr
from hatsr.batch import FoundPictures, Outcome, Output, upscale
from hatsr.data import pictures_in
from hatsr.data.pictures import decode, downsample
from hatsr.image import from_array, modcrop
from hatsr.inference.frame_upscaler import FrameUpscaler
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler
from hatsr.model import HAT, HATConfig
from hatsr.resize import imresize

Maker = Callable[[np.ndarray], np.ndarray]
SCALE, SIDE = 4, 48
"""Factor, and side of the crops, LR pixels."""
CLIP_SIZE = 180, 320
"""Height and width of the clip, LR pixels."""


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


def write_clip(path: Path, count: int) -> None:
    """A clip of a scene whose middle is other noise in every frame."""
    import av

    rng = np.random.default_rng(0)
    height, width = CLIP_SIZE
    scene = rng.integers(0, 256, (height, width, 3), np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 25, {"crf": "23", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            scene[70:110, 140:180] = rng.integers(0, 256, (40, 40, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(scene, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def random_network() -> Upscaler:
    """The smallest HAT, of random weights: what it makes does not matter here."""
    torch.manual_seed(0)
    config = HATConfig(
        embed_dim=12, depths=(1,), num_heads=2, window_size=8, squeeze_factor=4, num_feat=8, scale=2
    )
    return Upscaler(HAT(config).eval(), "random HAT", Settings(device="cpu"))


class ResidentMemory:
    """Prints the resident memory of this process when so many frames are done.

    Args:
        frames: of the clip.
        shown_at: frames, ascending.
    """

    def __init__(self, frames: int, shown_at: list[int]) -> None:
        self.frames, self.left = frames, list(shown_at)

    def begin(self, found: FoundPictures) -> None:
        print(f"{'frames':>6}{'resident, MB':>16}", flush=True)

    def tell(self, source: Path, fraction: float) -> None:
        while self.left and round(fraction * self.frames, 3) >= self.left[0]:
            print(f"{self.left.pop(0):>6}{resident() / 1e6:>16.1f}", flush=True)

    def report(self, outcome: Outcome) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"joined, at most {peak / 1e6:.1f} MB, {outcome.seconds:.0f} s: {outcome.message}")


def resident() -> int:
    """Bytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def enlarge_clip(path: Path, frames: int, shown_at: list[int], model: str | None) -> None:
    """Prints the table."""
    upscaler = hatsr.load(model, device="cpu") if model else random_network()
    output = Output(place=path.with_name("enlarged.mkv"))
    upscale([str(path)], upscaler, output, watch=ResidentMemory(frames, shown_at))


def memory(frames: int, shown_at: list[int], model: str | None) -> None:
    context = multiprocessing.get_context("spawn")  # without what writing the clip has left behind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_clip(path, frames)
        process = context.Process(target=enlarge_clip, args=(path, frames, shown_at, model))
        process.start()
        process.join()
    raise SystemExit(process.exitcode)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    steady = commands.add_parser(
        "steadiness", help="how much consecutive frames of a still scene differ"
    )
    steady.add_argument("folder", type=Path, help="pictures, such as data/valid")
    steady.add_argument(
        "-m",
        "--model",
        action="append",
        dest="models",
        help="a name or a file of weights; may be given again; default: hat-t-x4, hat-t-real-x4",
    )
    steady.add_argument("--pictures", type=int, default=4, help="of FOLDER; default: 4")
    steady.add_argument("--count", type=int, default=5, help="frames of each; default: 5")
    growing = commands.add_parser("memory", help="resident memory while a clip is enlarged")
    growing.add_argument("--frames", type=int, default=1500, help="of the clip; default: 1500")
    growing.add_argument(
        "--at",
        type=int,
        nargs="+",
        default=[10, 100, 500, 1000, 1500],
        metavar="FRAME",
        help="lines of the table; default: 10 100 500 1000 1500",
    )
    growing.add_argument(
        "-m", "--model", help="a name or a file of weights; default: a tiny HAT of random weights"
    )
    args = parser.parse_args()
    if args.command == "memory":
        memory(args.frames, sorted(args.at), args.model)
    else:
        models = args.models or ["hat-t-x4", "hat-t-real-x4"]
        steadiness(args.folder, models, args.pictures, args.count)


if __name__ == "__main__":
    main()
