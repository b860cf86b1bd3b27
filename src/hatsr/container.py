"""What a container or a job lets this process use."""

import os
from math import ceil, inf
from pathlib import Path


def control_groups(listed: Path = Path("/proc/self/cgroup")) -> list[Path]:
    """The control group (version 2) that this process is in, and those around it."""
    root = Path("/sys/fs/cgroup")
    try:
        paths = [line[3:] for line in listed.read_text().splitlines() if line.startswith("0::")]
    except OSError:
        paths = []
    own = root / paths[0].lstrip("/") if paths else root
    return [own, *(parent for parent in own.parents if parent.is_relative_to(root))]


def processors() -> int:
    """Processors that this process may use, a share of one counted as one."""
    allowed = getattr(os, "sched_getaffinity", None)
    here = len(allowed(0)) if allowed else os.cpu_count() or 1
    return max(1, ceil(min(here, *map(_time_of, control_groups()))))


def _time_of(group: Path) -> float:
    """Processors whose time a control group may take, a fraction perhaps."""
    try:
        time, period = (group / "cpu.max").read_text().split()  # or the word max
        return int(time) / int(period)
    except (OSError, ValueError):
        return inf
