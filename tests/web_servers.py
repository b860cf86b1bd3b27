"""`hatsr web` as its users start it, for tests: a process, an address, a temporary folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Server:
    url: str
    process: subprocess.Popen[str]
    temporary: Path
    """Its folder for temporary files."""


@contextmanager
def start_server(folder: Path, *options: str) -> Iterator[Server]:
    """Start it with a temporary folder of its own; stop it as Ctrl-C does."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "hatsr.apps.cli", "web", "--port", "0", "--memory", "4GB"]
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Server(url=_address(process), process=process, temporary=temporary)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _address(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if found := re.match(r"(http://\S+)/ ", line):
            return found[1]
    raise AssertionError(f"no address: {lines}")
