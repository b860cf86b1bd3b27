"""How much memory there is, and how much a user allows."""

import platform
import re
from math import inf, isfinite
from pathlib import Path

import psutil
import torch

from hatsr.container import control_groups

LEAST_BUDGET = 10**6
"""Smallest budget, bytes; less is a mistake, such as 4 for 4GB."""
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_bytes(size: int | str, what: str = "memory") -> int:
    """A budget in bytes, given as such or as a text: ``4GB``, ``512 MiB``, ``1e9``.

    Args:
        size: the budget.
        what: it is a budget of, for the messages.

    Raises:
        ValueError: no size, or less than a megabyte.
    """
    number = _read_size(size, what) if isinstance(size, str) else int(size if isfinite(size) else 0)
    if number <= 0:
        raise ValueError(f"{what} must be positive, got {size}; 4GB, say")
    if number < LEAST_BUDGET:
        digits = re.match(r"[0-9.]+", str(size).strip())
        meant = float(digits[0]) if digits else 4
        unit = "GB" if meant <= 64 else "MB"
        raise ValueError(
            f"{what} must be at least 1MB, got {size}, which is {number} bytes; "
            f"did you mean {meant:g}{unit}?"
        )
    return number


def _read_size(text: str, what: str) -> int:
    match = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmgt]?)(i?)b?\s*", text.lower())
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or not 0 < number < inf:
        raise ValueError(f"{what} must be a size such as 4GB or 512MB, got {text!r}")
    unit = _UNITS[match[2]]
    if match[3]:
        unit = 1024 ** list(_UNITS).index(match[2])
    return int(number * unit)


def free_bytes(device: str) -> int:
    """Memory that a network on a device can take: a CUDA device's own, else the system's."""
    if not has_own_memory(device):
        return available_bytes()
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + kept


def has_own_memory(device: str) -> bool:
    """Whether a device computes in other memory than that in which pictures are kept."""
    return device.partition(":")[0] == "cuda"


def available_bytes() -> int:
    """Memory that can be used without swapping, in this container or job."""
    free = psutil.virtual_memory().available
    if platform.system() != "Linux":
        return free
    return int(max(0, min(free, *map(_free_in, control_groups()))))


def _free_in(group: Path) -> float:
    """What a control group leaves: its limit, less what is used and not just cached files."""
    try:
        limit = int((group / "memory.max").read_text())  # or the word max
        used = int((group / "memory.current").read_text())
        found = re.search(r"^inactive_file (\d+)$", (group / "memory.stat").read_text(), re.M)
        return float(limit - used + (int(found[1]) if found else 0))
    except (OSError, ValueError):
        return inf
