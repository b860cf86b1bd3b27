"""Many pictures: which files are meant, where results go, and getting through all of them.

`upscale` is the command of that name in one call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatsr.batch.finding import Found, PictureFile, find_pictures
from hatsr.batch.outputs import Existing, Output, check_folder_name, check_output, target_of

if TYPE_CHECKING:
    from hatsr.batch.upscaling import Outcome, Upscaling, Watch, upscale, upscale_files

__all__ = [
    "Existing",
    "Found",
    "Outcome",
    "Output",
    "PictureFile",
    "Upscaling",
    "Watch",
    "check_folder_name",
    "check_output",
    "find_pictures",
    "target_of",
    "upscale",
    "upscale_files",
]


def __getattr__(name: str) -> object:
    """Import what needs PyTorch when it is first asked for."""
    if name in ("Outcome", "Upscaling", "Watch", "upscale", "upscale_files"):
        from hatsr.batch import upscaling

        return getattr(upscaling, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
