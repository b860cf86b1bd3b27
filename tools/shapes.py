"""Which shape of a tiny network learns most in equal time, judged by the validation set.

    python tools/shapes.py --data DIR [--minutes 4] [--precision bf16]

Each shape is trained from interpolation for as many minutes with Adam, LR patches of 32, batch 16,
and a learning rate that falls as half a cosine over the time; DIR holds train and valid.
"""

import argparse
import time
from math import cos, pi
from pathlib import Path

import torch

from hatsr.data import open_loader, to_unit
from hatsr.evaluation.cost.network_cost import complexity_of
from hatsr.inference.engine import kept_heap
from hatsr.training import read_recipe
from hatsr.training.ema import averaged, update
from hatsr.training.start.setup import set_up
from hatsr.training.validation import scores

WIDE = ("embed_dim=64", "num_heads=4", "squeeze_factor=16")
NARROW = ("embed_dim=48", "num_heads=3", "squeeze_factor=12")
SHAPES = {
    "48, 4 + 4 + 4, window 16": (*NARROW, "depths=[4,4,4]", "window_size=16"),
    "48, 4 + 4 + 4, window 8": (*NARROW, "depths=[4,4,4]", "window_size=8"),
    "48, 6 + 6, window 8": (*NARROW, "depths=[6,6]", "window_size=8"),
    "64, 4 + 4, window 8": (*WIDE, "depths=[4,4]", "window_size=8"),
    "64, 3 + 3 + 2, window 8": (*WIDE, "depths=[3,3,2]", "window_size=8"),
}
WARMUP = 100


def learn(shape: tuple[str, ...], options: argparse.Namespace) -> None:
    """Print parameters, multiply-adds, the steps done and the validation PSNR."""
    changes = [f"network.{change}" for change in shape]
    folders = [f"data.train=[{options.data}/train]", f"valid.data={options.data}/valid"]
    recipe = read_recipe("hat-t-x4", [*changes, *folders])
    setup = set_up(recipe, Path("runs/shapes"), device="cpu")
    networks = setup.networks.train()
    average = averaged(networks)
    optimizer = torch.optim.Adam(networks.parameters(), betas=(0.9, 0.99), fused=True)
    batches = open_loader(setup.patches, setup.plan, 0, 0, 0)
    begun, step = time.perf_counter(), 0
    for batch in batches:
        along = (time.perf_counter() - begun) / (60 * options.minutes)
        if along >= 1:
            break
        rate = 1e-3 * min(1, (step + 1) / WARMUP) * (0.02 + 0.98 * (1 + cos(pi * along)) / 2)
        optimizer.param_groups[0]["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            sr = networks.main(to_unit(batch.lr[0]))
        torch.nn.functional.l1_loss(sr, to_unit(batch.hr[0])).backward()
        torch.nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        update(average, networks, 0.99, step)
        step += 1
    found = scores(average.main, setup.validation)
    cost = complexity_of(recipe.config)
    print(
        f"{cost.parameters:9,} parameters  {cost.multiply_adds / 64**2 / 1e6:.2f} M a pixel  "
        f"{step:5} steps  {sum(found) / len(found):.3f} dB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    options = parser.parse_args()
    with kept_heap():
        for name, shape in SHAPES.items():
            print(f"{name:26}", end="", flush=True)
            learn(shape, options)


if __name__ == "__main__":
    main()
