"""How the heap keeps what it has while a network runs."""

import ctypes
import platform
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # names and numbers of glibc's mallopt
_KEEP = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 2**24))
_USUAL = ((_M_MMAP_MAX, 65536), (_M_TRIM_THRESHOLD, 2**17), (_M_TOP_PAD, 2**17))
_IS_KEPT = ContextVar("_IS_KEPT", default=False)
"""Whether `kept_heap` is open around what runs."""


def can_keep_heap() -> bool:
    """Whether `kept_heap` does anything here."""
    return platform.libc_ver()[0] == "glibc"


@contextmanager
def kept_heap() -> Generator[None, None, None]:
    """Let the allocator keep freed memory for the next layer while this is open.

    The usual settings of glibc give every large temporary back to the system, and the page
    faults of getting it again cost up to a third of the time of a forward. The usual settings
    come back on leaving, and the memory with them. Around many pictures, each of which opens it
    again, it is given back once. Elsewhere than on glibc this does nothing.
    """
    if _IS_KEPT.get() or not can_keep_heap():
        yield
        return
    before = _IS_KEPT.set(True)
    libc = ctypes.CDLL(None)
    for option, value in _KEEP:
        libc.mallopt(option, value)
    try:
        yield
    finally:
        _IS_KEPT.reset(before)
        for option, value in _USUAL:
            libc.mallopt(option, value)
        libc.malloc_trim(0)
