"""Super-resolution with the Hybrid Attention Transformer (HAT)."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hatsr.checkpoint import preset
    from hatsr.inference.once import upscale
    from hatsr.inference.opening import load
    from hatsr.inference.settings import Settings
    from hatsr.inference.upscale import Upscaler
    from hatsr.model import HAT, HATConfig

__all__ = ["HAT", "HATConfig", "Settings", "Upscaler", "__version__", "load", "preset", "upscale"]


_HOMES = {
    "HAT": "hatsr.model",
    "HATConfig": "hatsr.model",
    "Settings": "hatsr.inference.settings",
    "Upscaler": "hatsr.inference.upscale",
    "load": "hatsr.inference.opening",
    "preset": "hatsr.checkpoint",
    "upscale": "hatsr.inference.once",
}


def __getattr__(name: str) -> object:
    """Import the public names, and with them PyTorch, when one is first used."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
