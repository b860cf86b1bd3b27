"""How pictures are enlarged: device, precision, memory, tiles."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import NoneType
from typing import Literal, TypedDict

import torch

from hatsr.inference.engine import int8_unusable
from hatsr.inference.tiling import budget
from hatsr.inference.tiling.memory import free_bytes, parse_bytes
from hatsr.native import has_run_rounded_products, supports_rounded_products

Precision = Literal["auto", "fp32", "fp16", "bf16", "int8"]
DTYPES = {
    "auto": torch.float32,
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "int8": torch.float32,
}
"""Number types of the features in the network; ``auto`` where nobody chose another."""

AUTO = "auto"
"""The best device that is there, and its best precision."""
OVERLAP = 32
"""LR pixels that neighbouring tiles share."""


def choose_device(name: str = AUTO) -> str:
    """The device that a name means here: ``auto`` is CUDA, then MPS, then the CPU.

    Raises:
        ValueError: the device is not there.
    """
    if name != AUTO:
        check_device(name)
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_precision(device: str) -> Literal["auto", "fp32", "bf16"]:
    """What ``auto`` means: bf16 on a CUDA device that multiplies it (Ampere and later).

    On a CPU with AVX512_BF16 it stays ``auto``, since it depends on network and picture.
    """
    kind = device.partition(":")[0]
    if kind == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return "bf16"
    return AUTO if kind == "cpu" and has_run_rounded_products() else "fp32"


def check_device(name: str) -> None:
    """Refuse a device that is not there.

    Raises:
        ValueError: torch does not know the name, or has no such device here.
    """
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device must be one that PyTorch can use here, got {name}; choose cpu"
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How an `Upscaler` runs.

    Raises:
        TypeError: a value is of another type.
        ValueError: a value breaks its rule.
    """

    device: str = AUTO
    """As torch names it: cpu, cuda, cuda:1, mps ...; auto becomes the best that is there, for int8
    the CPU."""
    precision: Precision = "auto"
    """fp16 needs a GPU, bf16 a GPU or a CPU that multiplies it (AVX512_BF16, AMX), where only the
    factors of products are rounded; a tile that is not finite is run again in fp32. int8 needs a
    CPU with VNNI. On a CPU bf16 and int8 must cost next to nothing (see
    `hatsr.inference.int8_check`). auto is bf16 where a CUDA device has it; on a CPU with
    AVX512_BF16 for pictures from 65,536 LR pixels on, if the network loses less than 0.005 dB by
    it; else fp32."""
    memory: int | str | None = None
    """Bytes, or a size such as 4GB; None: a share of the device's free memory when a picture
    starts."""
    tile: int | None = None
    """Side of the tiles, LR pixels; None: the whole picture, or the largest tile that fits."""
    overlap: int = OVERLAP
    """LR pixels that tiles share."""
    ensemble: bool = False
    """Mean over the eight flips and turns of the picture: eight times the work."""
    scale: int | float | None = None
    """Factor of the result, from 1 to the network's (None); a smaller one is reached by bicubic
    reduction of the network's result."""

    def __post_init__(self) -> None:
        """Check every field, and choose what depends on the machine."""
        check_kinds({field.name: getattr(self, field.name) for field in fields(self)})
        if self.precision not in DTYPES:
            raise ValueError(
                f"precision must be one of {', '.join(DTYPES)}, got {self.precision}; "
                "leave it out for the best"
            )
        if self.device == AUTO:
            best = "cpu" if self.precision == "int8" else choose_device()
            object.__setattr__(self, "device", best)
        if self.precision == "int8":
            self._check_int8()
        check_device(self.device)
        if self.precision == AUTO:
            object.__setattr__(self, "precision", best_precision(self.device))
        if self.precision in ("fp16", "bf16") and self._on_cpu and not self.rounds_products:
            raise ValueError(
                "precision must be fp32 on a cpu (or int8, or bf16 with AVX512_BF16 or AMX), which "
                f"only emulates {self.precision}; choose fp32 or a GPU device"
            )
        if self.overlap < 0:
            raise ValueError(f"overlap must be 0 or more, got {self.overlap}")
        if self.memory is not None:
            object.__setattr__(self, "memory", parse_bytes(self.memory))

    @property
    def rounds_products(self) -> bool:
        """Whether products are made of bfloat16 on a CPU."""
        return self._on_cpu and self.precision == "bf16" and supports_rounded_products()

    @property
    def _on_cpu(self) -> bool:
        return self.device.partition(":")[0] == "cpu"

    def _check_int8(self) -> None:
        if not self._on_cpu:
            raise ValueError(f"device must be cpu for int8, got {self.device}; choose fp16 there")
        reason = int8_unusable()
        if reason:
            raise ValueError(f"precision must not be int8 here, {reason}; choose fp32")

    def budget(self) -> int:
        """Bytes of the device's memory that a picture may take now."""
        if self.memory is None:
            return int(budget.SHARE_OF_FREE * free_bytes(self.device))
        return int(self.memory)


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "device": ((str,), "a name such as cpu"),
    "precision": ((str,), "a name such as fp32"),
    "memory": ((Real, str, NoneType), "bytes or a size such as 4GB"),
    "tile": ((Integral, NoneType), "a whole number of LR pixels"),
    "overlap": ((Integral,), "a whole number of LR pixels"),
    "ensemble": ((bool,), "True or False"),
    "scale": ((Real, NoneType), "a number such as 2"),
}
"""Types that each field may have, and what to call them."""


def check_kinds(values: Mapping[str, object]) -> None:
    """Refuse what is no setting, and a value of another type.

    Raises:
        TypeError: the message names the setting.
    """
    for name, value in values.items():
        if name not in _KINDS:
            raise TypeError(
                f"a setting must be one of {', '.join(_KINDS)}, got {name}; leave it out"
            )
        kinds, rule = _KINDS[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError(f"{name} must be {rule}, got {value!r}; leave it out for the usual")


class Keywords(TypedDict, total=False):
    """The fields of `Settings` as keywords of a call."""

    device: str
    precision: Precision
    memory: int | str | None
    tile: int | None
    overlap: int
    ensemble: bool
    scale: int | float | None


def from_keywords(keywords: Keywords) -> Settings:
    """The settings that a call was given.

    Raises:
        TypeError: there is no such setting, or a value is of another type.
        ValueError: a value breaks its rule.
    """
    check_kinds(keywords)
    return Settings(**keywords)
