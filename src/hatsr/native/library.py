"""The compiled kernels: found, chosen for this processor, and how to call them."""

import ctypes
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from ctypes import POINTER, Structure, c_double, c_int, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from hatsr.native.build import FLAVOURS, NOTE

SWITCH = "HATSR_NATIVE"
"""Environment variable: 0 turns the kernels off, the name of a build takes that one."""
ABI = 4
"""The number of the interface here and in the C++ files, as `hatsr_abi` in library.cpp tells it."""
_FOLDER = Path(__file__).parent
_ProductFunctions = tuple[Callable[..., int], Callable[..., None], Callable[..., int]]


class Map(Structure):
    """The C struct Map of window.h: address of the first row, floats from one row to the next."""

    _fields_ = (("first", c_void_p), ("stride", c_int64))


class Windows(Structure):
    """The C struct Windows of window.h: how many pictures, rows, windows; the tables."""

    _fields_ = (
        ("pictures", c_int64),  # in the batch
        ("pixels", c_int64),  # rows of a picture
        ("count", c_int64),  # windows of a picture
        ("queries", c_int64),  # of a window
        ("keys", c_int64),  # of a window
        ("query_rows", c_void_p),  # int32, count x queries
        ("key_rows", c_void_p),  # int32, count x keys
        ("regions", c_void_p),  # int32, kinds x queries, or none
        ("kinds", c_void_p),  # uint8, count, or none
        ("shared", c_int64),  # 0 or 1
    )


class Heads(Structure):
    """The C struct Heads of window.h."""

    _fields_ = (
        ("count", c_int64),
        ("width", c_int64),  # floats of a head in a row
        ("padded_queries", c_int64),  # of a window, padded to whole steps
        ("panels", c_int64),  # of a window
        ("panel_keys", c_int64),  # of a panel
    )


class Inputs(Structure):
    """The C struct Inputs of window.h."""

    _fields_ = (("query", Map), ("key", Map), ("value", Map), ("bias", c_void_p))


class Gradients(Structure):
    """The C struct Gradients of backward.h."""

    _fields_ = (
        ("out", Map),
        ("log_sums", c_void_p),  # float, heads x pictures x windows x padded_queries
        ("d_out", Map),
        ("d_query", Map),
        ("d_key", Map),
        ("d_value", Map),
        ("d_bias", c_void_p),  # float, threads x the shape of the bias
    )


class Product(Structure):
    """The C struct Product of products.cpp."""

    _fields_ = (
        ("lines", c_int64),  # of pixels, going out
        ("line", c_int64),  # pixels of a line, going out
        ("taps", c_int64),  # 1, or 9 of a 3 x 3 convolution
        ("inputs", c_int64),  # floats of a pixel
        ("outputs", c_int64),  # floats of a pixel
        ("after", c_int64),  # 0 nothing, 1 GELU, 2 added to what is there
        ("threads", c_int64),
    )


class Rows(Structure):
    """The C struct Rows of layers.cpp."""

    _fields_ = (
        ("pictures", c_int64),
        ("pixels", c_int64),  # of a picture
        ("width", c_int64),  # numbers of a pixel
        ("threads", c_int64),
    )


class Norm(Structure):
    """The C struct Norm of norm.h."""

    _fields_ = (
        ("weight", c_void_p),
        ("bias", c_void_p),
        ("sums", c_void_p),  # float, threads x 2 x width
        ("epsilon", c_double),
    )


class Layer(Structure):
    """The C struct Layer of layers.h."""

    _fields_ = (
        ("weight", c_void_p),
        ("bias", c_void_p),
        ("sums", c_void_p),  # float, threads x outputs x (inputs + 1)
        ("inputs", c_int64),
        ("outputs", c_int64),
    )


class NormedLayer(Structure):
    """The C struct NormedLayer of layers.cpp."""

    _fields_ = (("norm", Norm), ("layer", Layer), ("statistics", c_void_p))


class AddedLayer(Structure):
    """The C struct AddedLayer of layers.cpp."""

    _fields_ = (("layer", Layer), ("share", c_void_p), ("gated", c_void_p), ("gain", c_void_p))


class AddedMlp(Structure):
    """The C struct AddedMlp of layers.cpp."""

    _fields_ = (
        ("norm", Norm),
        ("first", Layer),
        ("second", Layer),
        ("share", c_void_p),
        ("statistics", c_void_p),
        ("hidden", c_void_p),
    )


_INPUTS = [POINTER(Windows), POINTER(Heads), POINTER(Inputs)]
_BF16 = {
    "hatsr_attention_bf16": [*_INPUTS, POINTER(Map), c_void_p, c_int64],
    "hatsr_attention_backward_bf16": [*_INPUTS, POINTER(Gradients), c_int64],
    "hatsr_normed_layer": [POINTER(Rows), POINTER(NormedLayer), *[c_void_p] * 3],
    "hatsr_normed_layer_backward": [POINTER(Rows), POINTER(NormedLayer), *[c_void_p] * 5],
    "hatsr_added_layer": [POINTER(Rows), POINTER(AddedLayer), *[c_void_p] * 3],
    "hatsr_added_layer_backward": [POINTER(Rows), POINTER(AddedLayer), *[c_void_p] * 5],
    "hatsr_added_mlp": [POINTER(Rows), POINTER(AddedMlp), *[c_void_p] * 2],
    "hatsr_added_mlp_backward": [POINTER(Rows), POINTER(AddedMlp), *[c_void_p] * 3],
    "hatsr_gelu": [c_int64, c_int64, *[c_void_p] * 2],
    "hatsr_gelu_backward": [c_int64, c_int64, *[c_void_p] * 3],
}
"""Functions on maps of bfloat16, and their arguments."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """One build of the kernels."""

    name: str
    """Name of the build, which says for what processors it is."""
    panel_keys: Callable[[int], int]
    """The C function hatsr_panel_keys."""
    forward: Callable[..., int]
    """The C function hatsr_attention."""
    backward: Callable[..., int]
    """The C function hatsr_attention_backward."""
    product: _ProductFunctions | None
    """hatsr_packed_floats, hatsr_pack and hatsr_product, where there are matrix units."""
    bf16: ctypes.CDLL
    """The C functions of `_BF16`."""
    rounded_product: _ProductFunctions | None = None
    """The same of numbers rounded to bfloat16, where vectors or matrix units multiply such."""


_CHOSEN: ContextVar[Kernels | str | None] = ContextVar("chosen kernels", default=None)


def kernels() -> Kernels | str:
    """The build in use, or in words why there is none."""
    chosen = _CHOSEN.get()
    return find_kernels(os.environ.get(SWITCH, "")) if chosen is None else chosen


@contextmanager
def using(found: Kernels | str) -> Generator[None, None, None]:
    """While this is open, that build is in use, or none for that reason."""
    token = _CHOSEN.set(found)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def disabled() -> AbstractContextManager[None]:
    """While this is open, no kernels are in use: everything runs in PyTorch."""
    return using("turned off by the program")


@cache
def find_kernels(asked: str = "", folder: Path = _FOLDER) -> Kernels | str:
    """The best build for this processor, or in words why there is none.

    Args:
        asked: what `SWITCH` says: nothing, 0, or the name of a build.
        folder: where builds are.
    """
    if asked == "0":
        return f"turned off by {SWITCH}=0"
    if asked and asked not in FLAVOURS:
        return f"{SWITCH} must be 0 or one of {', '.join(FLAVOURS)}, got {asked!r}"
    note = folder / NOTE
    reason = note.read_text(encoding="utf-8").strip() if note.is_file() else "not built"
    for flavour in (asked,) if asked else FLAVOURS:
        found = open_build(flavour, folder)
        if isinstance(found, Kernels):
            return found
        reason = found or reason
    return reason


def open_build(flavour: str, folder: Path = _FOLDER) -> Kernels | str | None:
    """One of `FLAVOURS`; in words why it cannot be used, or None if there is no such file."""
    path = folder / f"kernels-{flavour}.so"
    if not path.is_file():
        return None
    try:
        library = ctypes.CDLL(str(path))
        abi = library.hatsr_abi()
        if abi != ABI:
            return f"{path} must have interface {ABI}, got {abi}; install the package again"
        return _open(library, flavour)
    except (OSError, AttributeError) as error:
        return f"{path} cannot be loaded: {error}"


def _open(library: ctypes.CDLL, flavour: str) -> Kernels | str:
    if not library.hatsr_ready():
        return f"the processor or the system lacks what the {flavour} build needs"
    forward, backward = library.hatsr_attention, library.hatsr_attention_backward
    forward.argtypes, forward.restype = [*_INPUTS, POINTER(Map), c_void_p, c_int64], c_int
    backward.argtypes, backward.restype = [*_INPUTS, POINTER(Gradients), c_int64], c_int
    panel_keys = library.hatsr_panel_keys
    panel_keys.argtypes, panel_keys.restype = [c_int64], c_int64
    name = f"{flavour} build on {torch.backends.cpu.get_cpu_capability()}"
    declare(library)
    exact, rounded = (_product(library, prefix) for prefix in ("hatsr_", "hatsr_rounded_"))
    return Kernels(name, panel_keys, forward, backward, exact, library, rounded)


def declare(library: ctypes.CDLL) -> None:
    """Say which arguments the functions of `_BF16` take, as far as a library has them."""
    for name, arguments in _BF16.items():
        if hasattr(library, name):
            getattr(library, name).argtypes = arguments


def _product(library: ctypes.CDLL, prefix: str) -> _ProductFunctions | None:
    if not hasattr(library, f"{prefix}product"):
        return None
    size, pack, product = (
        getattr(library, f"{prefix}{name}") for name in ("packed_floats", "pack", "product")
    )
    size.argtypes, size.restype = [c_int64] * 3, c_int64
    pack.argtypes, pack.restype = [c_void_p] * 2 + [c_int64] * 3, None
    product.argtypes, product.restype = [POINTER(Product), *[c_void_p] * 4], c_int
    return size, pack, product
