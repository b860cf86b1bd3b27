"""Super-resolution with the Hybrid Attention Transformer (HAT)."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hatsr.inference.upscale import Settings, Upscaler, load, upscale
    from hatsr.model import HAT, HATConfig, preset

__all__ = ["HAT", "HATConfig", "Settings", "Upscaler", "__version__", "load", "preset", "upscale"]


def __getattr__(name: str) -> object:
    """Import the public names, and with them PyTorch, when one is first used."""
    from importlib import import_module

    if name in ("Settings", "Upscaler", "load", "upscale"):
        return getattr(import_module("hatsr.inference.upscale"), name)
    if name in ("HAT", "HATConfig", "preset"):
        return getattr(import_module("hatsr.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
