"""What a piece of work costs: seconds and peak memory."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import ModuleType

_RESET = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass(slots=True)
class Cost:
    """Seconds and peak memory of a piece of work; set when `measured` ends."""

    seconds: float = 0.0
    """Wall-clock time, the device's queue included."""
    peak_bytes: int | None = None
    """Peak of the process (Linux) or, with a GPU, of the GPU; None where it is unknown."""


@contextmanager
def measured() -> Generator[Cost, None, None]:
    """Measure the body of a `with` statement."""
    cost = Cost()
    cuda = _cuda()
    if cuda is not None:
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
    resettable = cuda is None and _reset_peak()
    start = perf_counter()
    yield cost
    if cuda is not None:
        cuda.synchronize()
        cost.peak_bytes = cuda.max_memory_allocated()
    cost.seconds = perf_counter() - start
    if resettable:
        cost.peak_bytes = _peak()


def _cuda() -> ModuleType | None:
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def _reset_peak() -> bool:
    """Make the kernel forget the highest resident size so far."""
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def _peak() -> int | None:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return None
