"""Kernels in C++ for what PyTorch does slowly on a CPU; everything also runs without them."""

from hatsr.native.attention_operator import (
    PackedBias,
    WindowRows,
    attend_into,
    pack_bias,
    supports_attention,
    window_attention,
)
from hatsr.native.library import Kernels, disabled, kernels, using
from hatsr.native.products import PackedProduct, supports_products, supports_rounded_products

__all__ = [
    "Kernels",
    "PackedBias",
    "PackedProduct",
    "WindowRows",
    "attend_into",
    "disabled",
    "kernels",
    "pack_bias",
    "supports_attention",
    "supports_products",
    "supports_rounded_products",
    "using",
    "window_attention",
]
