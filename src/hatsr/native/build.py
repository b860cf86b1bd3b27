"""Compiles the kernels, for each kind of processor that the compiler knows.

`hatch_build.py` does it when the package is installed; by hand: ``python -m hatsr.native.build``.
Knows nothing of the package or of torch: an installation has neither yet.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

NOTE = "not-built.txt"
"""The file that says why there are no kernels."""
_SOURCES = ("attention.cpp", "layers.cpp", "library.cpp", "products.cpp")
_FLAGS = ("-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-fopenmp")
FLAVOURS = {
    "amx": (
        "-march=x86-64-v4",
        "-mprefer-vector-width=512",
        "-mavx512bf16",
        "-mamx-tile",
        "-mamx-bf16",
    ),
    "bf16": ("-march=x86-64-v4", "-mprefer-vector-width=512", "-mavx512bf16"),
    "v4": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    "v3": ("-march=x86-64-v3",),
    "any": (),
}
"""Builds for kinds of processor, best first; those with flags are for x86-64 only."""


def compile_anew(folder: Path) -> str | None:
    """Replace what was compiled before by new builds, or by a note; in words why there are none."""
    note = folder / NOTE
    note.unlink(missing_ok=True)
    for old in folder.glob("kernels-*.so"):
        old.unlink()
    reason = compile_all(folder)
    if reason:
        note.write_text(reason + "\n", encoding="utf-8")
    return reason


def compile_all(folder: Path) -> str | None:
    """Compile what the compiler knows; in words why nothing useful came of it.

    Without vectors or threads the kernels would be slower than PyTorch: then there are none.
    """
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    compiler = next((found for name in names if name and (found := shutil.which(name))), None)
    if compiler is None:
        return "no C++ compiler was found when the package was installed"
    on_x86 = platform.machine() in ("x86_64", "AMD64")
    flavours = {name: flags for name, flags in FLAVOURS.items() if on_x86 or not flags}
    failed = _compile(compiler, folder, flavours)
    reason = failed.get("v3" if on_x86 else "any")
    if reason:
        for path in folder.glob("kernels-*.so"):
            path.unlink()
    return reason


def _compile(compiler: str, folder: Path, flavours: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Compile each flavour; why some could not be."""
    sources = [str(folder / name) for name in _SOURCES]
    runs = []
    for name, flags in flavours.items():
        target = folder / f"kernels-{name}.so"
        part = target.with_suffix(".part")
        command = [compiler, *_FLAGS, *flags, *sources, "-o", str(part)]
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
        runs.append((name, run, part, target))
    failed = {}
    for name, run, part, target in runs:
        _, errors = run.communicate()
        if run.returncode == 0:
            part.replace(target)
        else:
            part.unlink(missing_ok=True)
            first = next((line for line in errors.splitlines() if "error" in line), errors[:200])
            failed[name] = f"{compiler} failed when the package was installed: {first.strip()}"
    return failed


if __name__ == "__main__":
    sys.exit(compile_anew(Path(__file__).parent))
