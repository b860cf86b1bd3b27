"""Fixed conditions to judge a network under: the same LR of a picture on every machine."""

import numpy as np
from jaxtyping import UInt8

from hatsr.data.degrade.compression import compress, to_codes, to_tensor
from hatsr.data.degrade.keys import text_key
from hatsr.data.degrade.noise import gaussian_noise
from hatsr.data.degrade.pipeline import degrade
from hatsr.data.degrade.presets import PRESETS

CONDITIONS = (
    "clean",
    *(f"jpeg-{quality}" for quality in (90, 75, 70, 50, 30)),
    *(f"noise-{sigma}" for sigma in (5, 15)),
    "second-order",
)
"""The conditions that `benchmarks/real_world.py` measures."""


def check_condition(name: str) -> str:
    """The name of a condition, if it is one; see `under_condition`.

    Raises:
        ValueError: it is not.
    """
    kind, _, amount = name.partition("-")
    most = {"jpeg": 100, "noise": 255}.get(kind, 0)
    is_amount = amount.isdecimal() and 1 <= int(amount) <= most
    preset_name, dot, draw = name.partition(".")
    is_preset = preset_name in PRESETS and (draw.isdecimal() or not dot)
    if name != "clean" and not is_amount and not is_preset:
        raise ValueError(
            "a condition must be clean, jpeg-QUALITY (1 .. 100), noise-SIGMA (1 .. 255 levels) or "
            f"a preset ({', '.join(PRESETS)}; photo.2 is a second draw of photo), got {name!r}"
        )
    return name


def under_condition(
    name: str,
    lr: UInt8[np.ndarray, "h w 3"],
    hr: UInt8[np.ndarray, "sr_h sr_w 3"],
    picture: str,
) -> UInt8[np.ndarray, "h w 3"]:
    """LR of a picture under a condition.

    Args:
        name: clean; jpeg-QUALITY, of LR by 4:2:0; noise-SIGMA, Gaussian of every channel on LR, in
            levels, rounded to 8 bit; or the preset of a degradation, drawn once for each picture,
            with `.1`, `.2` ... for other draws.
        lr: the clean LR.
        hr: the picture, of a multiple of the size of LR.
        picture: its name; the key of all that is random comes from it and the condition.
    """
    kind, _, amount = check_condition(name).partition("-")
    key = text_key(f"{name}/{picture}")
    if kind == "clean":
        return lr
    if name.partition(".")[0] in PRESETS:
        return degrade(lr, hr, PRESETS[name.partition(".")[0]], key)
    if kind == "jpeg":
        return compress(lr, int(amount), "4:2:0")
    return to_codes(gaussian_noise(to_tensor(lr), float(amount), gray=False, key=key))
