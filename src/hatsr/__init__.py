"""Super-resolution with the Hybrid Attention Transformer (HAT)."""

__version__ = "0.1.0"
