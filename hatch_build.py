"""Compiles the native kernels into the package, if there is a C++ compiler.

Without one, or where compiling fails, the package is built without them and says why when asked
(`hatsr info`); everything runs in plain PyTorch then.
"""

import os
import platform
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ("-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden")
THREADS = ("-fopenmp",)
SOURCES = ("attention.cpp", "products.cpp")
FLAVOURS = {
    "amx": (
        "-march=x86-64-v4",
        "-mprefer-vector-width=512",
        "-mavx512bf16",
        "-mamx-tile",
        "-mamx-bf16",
    ),
    "v4": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    "v3": ("-march=x86-64-v3",),
    "any": (),
}
"""Builds for kinds of processor; those with flags are for x86-64 only."""


class NativeKernels(BuildHookInterface):
    """Runs for wheels and editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as made for this platform."""
        if self.target_name != "wheel":
            return
        folder = Path(self.root) / "src" / "hatsr" / "native"
        note = folder / "not-built.txt"
        note.unlink(missing_ok=True)
        for old in folder.glob("kernels-*.so"):
            old.unlink()
        reason = compile_all(folder)
        if reason:
            note.write_text(reason + "\n", encoding="utf-8")
            self.app.display_warning(f"native kernels not built: {reason}")
            return
        build_data["pure_python"] = False
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{system}"


def compile_all(folder: Path) -> str | None:
    """Compile every flavour; in words why it could not be done."""
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    compiler = next((found for name in names if name and (found := shutil.which(name))), None)
    if compiler is None:
        return "no C++ compiler was found when the package was installed"
    on_x86 = platform.machine() in ("x86_64", "AMD64")
    flavours = {name: flags for name, flags in FLAVOURS.items() if on_x86 or not flags}
    for threads in (THREADS, ()):  # some compilers come without OpenMP
        failed = _compile(compiler, folder, threads, flavours)
        if not failed:
            return None
    return failed


def _compile(
    compiler: str, folder: Path, threads: tuple[str, ...], flavours: dict[str, tuple[str, ...]]
) -> str | None:
    sources = [str(folder / name) for name in SOURCES]
    runs = []
    for name, flags in flavours.items():
        target = folder / f"kernels-{name}.so"
        part = target.with_suffix(".part")
        command = [compiler, *FLAGS, *flags, *threads, *sources, "-o", str(part)]
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
        runs.append((run, part, target))
    reason = None
    for run, part, target in runs:
        _, errors = run.communicate()
        if run.returncode == 0:
            part.replace(target)
        else:
            part.unlink(missing_ok=True)
            first = next((line for line in errors.splitlines() if "error" in line), errors[:200])
            reason = f"{compiler} failed when the package was installed: {first.strip()}"
    return reason
