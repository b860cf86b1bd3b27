"""Where a number was measured: the machine and the versions that took part."""

import platform
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hatsr.container import processors
from hatsr.version import __version__


def environment() -> dict[str, str]:
    """What a reader needs to judge a time, a memory figure or a last digit; no names, no paths."""
    found = {
        "hatsr": __version__,
        "Python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "numpy", "pillow")},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(processors()),
        "measured": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["threads"] = str(torch.get_num_threads())
        if torch.cuda.is_available():
            found["GPU"] = torch.cuda.get_device_name()
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """The processor's own name on Linux, else what Python knows."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
