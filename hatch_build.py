"""Compiles the native kernels into the package, if there is a C++ compiler.

Without one, or where compiling fails, the package is built without them and says why when asked
(`hatsr info`); everything runs in plain PyTorch then.
"""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging import tags


class NativeKernels(BuildHookInterface):
    """Runs for wheels and editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as made for this platform."""
        if self.target_name != "wheel":
            return
        folder = Path(self.root) / "src" / "hatsr" / "native"
        compile_anew = runpy.run_path(str(folder / "build.py"))["compile_anew"]
        reason = compile_anew(folder)
        if reason:
            self.app.display_warning(f"native kernels not built: {reason}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """This platform as wheels name it; on Linux not one of the names that promise a C library."""
    names = tags.platform_tags()
    return next(name for name in names if not name.startswith(("manylinux", "musllinux")))
