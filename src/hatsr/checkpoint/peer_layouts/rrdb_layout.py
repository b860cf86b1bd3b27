"""The tensor names of RRDBNet in BasicSR and in both programs of ESRGAN before it."""

import re
from collections.abc import Mapping

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.peers import RRDBNetConfig

_RENAMES: Renames = (
    (r"^shallow\.", "conv_first."),
    (r"^blocks\.", "body."),
    (r"^body_conv\.", "conv_body."),
    (r"^final\.", "conv_hr."),
    (r"^last\.", "conv_last."),
)
_SECOND: Renames = (
    (r"^RRDB_trunk\.(\d+)\.RDB", r"body.\1.rdb"),
    (r"^trunk_conv\.", "conv_body."),
    (r"^upconv(\d)\.", r"conv_up\1."),
    (r"^HRconv\.", "conv_hr."),
)
"""Names of xinntao/ESRGAN, and what BasicSR calls them."""
_FIRST: Renames = (
    (r"^0\.", "conv_first."),
    (r"^1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3."),
    (r"^1\.sub\.\d+\.(weight|bias)$", r"conv_body.\1"),
)
"""Names of the first program, in which layers have numbers only; without ``model.``."""


def official_name(name: str, _: RRDBNetConfig) -> str:
    """The name that BasicSR gives one of our tensors."""
    name = re.sub(
        r"\.dense\.(\d)\.convs\.(\d)\.",
        lambda m: f".rdb{int(m[1]) + 1}.conv{int(m[2]) + 1}.",
        name,
    )
    name = re.sub(r"^steps\.(\d+)\.", lambda m: f"conv_up{int(m[1]) + 1}.", name)
    return renamed(name, _RENAMES)


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of one of the three programs."""
    named = ("body.0.rdb1.conv1.weight", "RRDB_trunk.0.RDB1.conv1.weight")
    return any(name in tensors for name in (*named, "1.sub.0.RDB1.conv1.0.weight"))


def current_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under BasicSR's names, whichever program named them."""
    if "1.sub.0.RDB1.conv1.0.weight" not in tensors:
        return {renamed(name, _SECOND): tensor for name, tensor in tensors.items()}
    numbers = sorted({int(m[1]) for name in tensors if (m := re.match(r"(\d+)\.\w+$", name))})
    after = [number for number in numbers if number > 1]
    ends = {number: f"conv_up{i}" for i, number in enumerate(after, 1)}
    ends |= dict(zip(after[-2:], ("conv_hr", "conv_last"), strict=False))
    renames = tuple((rf"^{number}\.", f"{name}.") for number, name in ends.items())
    return {renamed(name, (*_FIRST, *renames)): tensor for name, tensor in tensors.items()}


def deduce_config(tensors: Mapping[str, Tensor]) -> RRDBNetConfig:
    """Read the network off official tensors.

    One step of enlargement is by 2; that of the first program's x3 networks looks the same, so that
    these need the scale to be told.
    """
    tensors = current_names(tensors)
    width, inputs = shape(tensors, "conv_first.weight", 4)[:2]
    channels = shape(tensors, "conv_last.weight", 4)[0]
    gathered = round((inputs / channels) ** 0.5)
    steps = max(count(tensors, r"conv_up(\d)\.") - 1, 0)
    scale = 2**steps // gathered
    return RRDBNetConfig(
        scale=scale,
        channels=channels,
        width=width,
        blocks=count(tensors, r"body\.(\d+)\."),
        growth=shape(tensors, "body.0.rdb1.conv1.weight", 4)[0],
        unshuffle=gathered > 1 or scale > 2,
    )


def unseen(config: RRDBNetConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows: whether one step is by 2 or by 3."""
    one_step = config.scale in (2, 3) and config.gathered == 1
    return ("scale", "unshuffle") if one_step else ()


RRDB_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
    current_names=current_names,
)
