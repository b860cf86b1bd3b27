"""Super-resolution with the Hybrid Attention Transformer (HAT)."""

from typing import TYPE_CHECKING

from hatsr.version import __version__ as __version__

if TYPE_CHECKING:
    from hatsr.checkpoint import preset as preset
    from hatsr.inference.loading import load as load
    from hatsr.inference.settings import Settings as Settings
    from hatsr.inference.upscale_once import upscale as upscale
    from hatsr.inference.upscaler import Upscaler as Upscaler
    from hatsr.model import HAT as HAT
    from hatsr.model import HATConfig as HATConfig

_LAZY_IMPORTS = {
    "HAT": "hatsr.model",
    "HATConfig": "hatsr.model",
    "Settings": "hatsr.inference.settings",
    "Upscaler": "hatsr.inference.upscaler",
    "load": "hatsr.inference.loading",
    "preset": "hatsr.checkpoint",
    "upscale": "hatsr.inference.upscale_once",
}
"""The public names, and the modules that they are imported from when first used."""

__all__ = ["__version__", *_LAZY_IMPORTS]  # pyright: ignore[reportUnsupportedDunderAll]


def __dir__() -> list[str]:
    """The public names alone, for completion; nothing is imported."""
    return sorted(__all__)


def __getattr__(name: str) -> object:
    """Import the public names, and with them PyTorch, when one is first used."""
    from importlib import import_module

    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY_IMPORTS[name]), name)
