"""The compiled kernels: found, chosen for this processor, and how to call them."""

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, c_int, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

SWITCH = "HATSR_NATIVE"
"""Environment variable: 0 turns the kernels off, the name of a build takes that one."""
FLAVOURS = ("amx", "v4", "v3", "any")
"""Builds for kinds of processor, best first; each says itself whether it runs here."""
_Product = tuple[Callable[..., int], Callable[..., None], Callable[..., int]]


class Windows(Structure):
    """Of attention.cpp."""

    _fields_ = (
        ("pictures", c_int64),
        ("pixels", c_int64),
        ("count", c_int64),
        ("queries", c_int64),
        ("keys", c_int64),
        ("query_rows", c_void_p),
        ("key_rows", c_void_p),
        ("regions", c_void_p),
        ("seams", c_void_p),
    )


class Strides(Structure):
    """Of attention.cpp."""

    _fields_ = (("query", c_int64), ("key", c_int64), ("out", c_int64))


class Heads(Structure):
    """Of attention.cpp."""

    _fields_ = (
        ("count", c_int64),
        ("width", c_int64),
        ("padded_queries", c_int64),
        ("panels", c_int64),
        ("panel_keys", c_int64),
        ("threads", c_int64),
    )


class Product(Structure):
    """Of products.cpp."""

    _fields_ = (
        ("lines", c_int64),
        ("line", c_int64),
        ("taps", c_int64),
        ("inputs", c_int64),
        ("outputs", c_int64),
        ("after", c_int64),
        ("threads", c_int64),
    )


@dataclass(frozen=True, slots=True)
class Kernels:
    """One build of the kernels."""

    name: str
    """Which, and for what processor."""
    panel_keys: Callable[[int], int]
    """hatsr_panel_keys."""
    forward: Callable[..., int]
    """hatsr_attention."""
    backward: Callable[..., int]
    """hatsr_attention_backward."""
    product: _Product | None
    """hatsr_packed_floats, hatsr_pack and hatsr_product, where there are matrix units."""


@cache
def kernels() -> Kernels | str:
    """The best build for this processor, or in words why there is none."""
    asked = os.environ.get(SWITCH, "")
    if asked == "0":
        return f"turned off by {SWITCH}=0"
    if asked and asked not in FLAVOURS:
        return f"{SWITCH} must be 0 or one of {', '.join(FLAVOURS)}, got {asked!r}"
    note = Path(__file__).with_name("not-built.txt")
    reason = note.read_text(encoding="utf-8").strip() if note.is_file() else "not built"
    for flavour in (asked,) if asked else FLAVOURS:
        found = open_build(flavour)
        if isinstance(found, Kernels):
            return found
        reason = found or reason
    return reason


def open_build(flavour: str) -> Kernels | str | None:
    """One of `FLAVOURS`; in words why it cannot be used, or None if there is no such file."""
    path = Path(__file__).with_name(f"kernels-{flavour}.so")
    if not path.is_file():
        return None
    try:
        return _open(ctypes.CDLL(str(path)), flavour)
    except (OSError, AttributeError) as error:
        return f"{path} cannot be loaded: {error}"


def _open(library: ctypes.CDLL, flavour: str) -> Kernels | str:
    if not library.hatsr_ready():
        return f"the processor or the system lacks what the {flavour} build needs"
    shapes = [POINTER(Windows), POINTER(Heads), POINTER(Strides)]
    forward, backward = library.hatsr_attention, library.hatsr_attention_backward
    forward.argtypes, forward.restype = [*shapes, *[c_void_p] * 6], c_int
    backward.argtypes, backward.restype = [*shapes, *[c_void_p] * 11, c_int], c_int
    panel_keys = library.hatsr_panel_keys
    panel_keys.argtypes, panel_keys.restype = [c_int64], c_int64
    name = f"{flavour} build on {torch.backends.cpu.get_cpu_capability()}"
    return Kernels(name, panel_keys, forward, backward, _product(library))


def _product(library: ctypes.CDLL) -> _Product | None:
    if not hasattr(library, "hatsr_product"):
        return None
    size, pack, product = library.hatsr_packed_floats, library.hatsr_pack, library.hatsr_product
    size.argtypes, size.restype = [c_int64] * 3, c_int64
    pack.argtypes, pack.restype = [c_void_p] * 2 + [c_int64] * 3, None
    product.argtypes, product.restype = [POINTER(Product), *[c_void_p] * 4], c_int
    return size, pack, product
