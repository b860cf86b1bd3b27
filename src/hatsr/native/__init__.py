"""Kernels in C++ for what PyTorch does slowly on a CPU; everything also runs without them."""

from hatsr.native.attention_operator import (
    PackedBias,
    WindowRows,
    attend_into,
    pack_bias,
    supports_attention,
    window_attention,
)
from hatsr.native.layers import added_layer, added_mlp, gelu, normed_layer, supports_layers
from hatsr.native.library import Kernels, disabled, kernels, using
from hatsr.native.products import (
    PackedProduct,
    has_run_rounded_products,
    supports_products,
    supports_rounded_products,
)

__all__ = [
    "Kernels",
    "PackedBias",
    "PackedProduct",
    "WindowRows",
    "added_layer",
    "added_mlp",
    "attend_into",
    "disabled",
    "gelu",
    "has_run_rounded_products",
    "kernels",
    "normed_layer",
    "pack_bias",
    "supports_attention",
    "supports_layers",
    "supports_products",
    "supports_rounded_products",
    "using",
    "window_attention",
]
