"""The recipe behind `hatsr finetune`: small steps, a held-out part, an early stop."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hatsr.checkpoint import read, resolve
from hatsr.data import pictures_in
from hatsr.training.recipe.checking import to_recipe
from hatsr.training.recipe.parsing import Values, read_overrides
from hatsr.training.recipe.recipe import Recipe

_ORIGIN = "the defaults of finetune"


def finetune_recipe(
    folder: Path, source: str, overrides: Sequence[str] = (), degrade: str | None = None
) -> Recipe:
    """The recipe that adapts a trained network to a folder of pictures.

    Args:
        folder: HR pictures.
        source: the trained network; see `hatsr.checkpoint.resolve`.
        overrides: `key=value` with dotted keys; they win over the defaults.
        degrade: see `finetune_values`.

    Raises:
        ValueError: no pictures, no such network, or an override that breaks its rule.
    """
    return to_recipe(read_overrides(overrides).over(finetune_values(folder, source, degrade)))


def finetune_values(folder: Path, source: str, degrade: str | None = None) -> Values:
    """Defaults for adapting a trained network to a folder of pictures.

    Users over-fit within a few thousand steps: a tenth of the pictures (at most 20) is held out,
    and training stops when they have not improved for eight validations; the best weights are
    those of `best.safetensors`. The learning rate is small, as the paper finds necessary. The loss
    is that of PSNR: on pictures unlike the first ones (text, plots) PSNR can fall with L1.

    Args:
        folder: HR pictures.
        source: the trained network; see `hatsr.checkpoint.resolve`.
        degrade: preset of the degradation of LR, for training and for judging; None for clean LR.
    """
    pictures_in(folder)  # refuses early
    found = read(resolve(source))
    tree: dict[str, Any] = {
        "name": re.sub(r"[^\w.-]+", "-", f"finetune-{folder.resolve().name}"),
        "about": f"{source} fine-tuned on {folder}",
        "iterations": 5000,
        "network": {"kind": found.kind, **asdict(found.config)},
        "start": {"checkpoint": source},
        "data": {"train": [str(folder)], "patch": 48, "batch": 16},
        "valid": {"data": None, "share": 0.1, "every": 250, "patience": 8, "pictures": 2},
        "optim": {
            "loss": "psnr",
            "learning_rate": 5e-5,
            "schedule": "cosine",
            "warmup": 100,
            "clip": 1.0,
        },
        "save": {"every": 250, "log_every": 50},
    }
    if degrade is not None:
        tree["degrade"] = {"preset": degrade}
        tree["valid"]["conditions"] = [f"{degrade}.{number}" for number in range(1, 4)]
    return Values(tree, {(key,): _ORIGIN for key in tree})
