"""Super-resolution with the Hybrid Attention Transformer (HAT)."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hatsr.inference.opening import load, upscale
    from hatsr.inference.settings import Settings
    from hatsr.inference.upscaler import Upscaler
    from hatsr.model import HAT, HATConfig, preset

__all__ = ["HAT", "HATConfig", "Settings", "Upscaler", "__version__", "load", "preset", "upscale"]


_HOMES = {
    "HAT": "hatsr.model",
    "HATConfig": "hatsr.model",
    "Settings": "hatsr.inference.settings",
    "Upscaler": "hatsr.inference.upscaler",
    "load": "hatsr.inference.opening",
    "preset": "hatsr.model",
    "upscale": "hatsr.inference.opening",
}


def __getattr__(name: str) -> object:
    """Import the public names, and with them PyTorch, when one is first used."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
