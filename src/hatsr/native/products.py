"""Linear layers and 3 x 3 convolutions in bfloat16, where the processor multiplies such.

See products.cpp: floats in and out. On matrix units they are exact to about 2^-17 of the products'
terms; with factors rounded to bfloat16, which vectors multiply too, to about 2^-8.
"""

from ctypes import byref

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.native.library import Kernels, Product, kernels

_NOTHING, _GELU, _ADD = 0, 1, 2  # what follows; the last is a sum with what is there


def supports_products(weight: Tensor) -> bool:
    """Whether the kernel can run: float32 on a CPU with matrix units."""
    found = kernels()
    return (
        weight.dtype == torch.float32
        and weight.device.type == "cpu"
        and isinstance(found, Kernels)
        and found.product is not None
    )


def supports_rounded_products() -> bool:
    """Whether `PackedProduct` can round: a CPU with AVX512_BF16 or matrix units."""
    found = kernels()
    return isinstance(found, Kernels) and found.rounded_product is not None


def has_run_rounded_products() -> bool:
    """Whether such a processor has run these products: vectors have, matrix units not yet."""
    found = kernels()
    return supports_rounded_products() and isinstance(found, Kernels) and found.product is None


class PackedProduct:
    """Weight and bias of a layer, ready to run.

    Args:
        weight: outputs, taps (1, or 9 row by row) and inputs.
        bias: for each output.
        rounded: whether weight and features are rounded to bfloat16; sums stay in float32.
    """

    def __init__(
        self, weight: Float[Tensor, "o taps i"], bias: Float[Tensor, " o"], *, rounded: bool = False
    ) -> None:
        found = kernels()
        functions = None
        if isinstance(found, Kernels):
            functions = found.rounded_product if rounded else found.product
        if functions is None:
            raise RuntimeError(
                "units for bfloat16 must be there, got none; see `supports_products` and "
                "`supports_rounded_products`"
            )
        size, pack, self._product = functions
        self.shape, self.bias = tuple(weight.shape), bias.detach().contiguous()
        weight = weight.detach().contiguous()
        self._weight = weight.new_empty(size(*self.shape))
        pack(self._weight.data_ptr(), weight.data_ptr(), *self.shape)

    def __call__(self, x: Tensor) -> Tensor:
        """Pixels to pixels: p i to p o, or for 9 taps bordered_h w i to h w o."""
        return self._new(x, _NOTHING)

    def then_gelu(self, x: Tensor) -> Tensor:
        """The output of the layer, through a GELU."""
        return self._new(x, _GELU)

    def _new(self, x: Tensor, after: int) -> Tensor:
        shape = x.shape if self.shape[1] == 1 else (x.shape[0] - 2, x.shape[1], x.shape[2])
        out = x.new_empty(*shape[:-1], self.shape[0])
        self._run(out, x, after)
        return out

    def add_to(self, other: Tensor, x: Tensor) -> None:
        """Add the output for `x` to `other`, in place."""
        if other.is_contiguous():
            self._run(other, x, _ADD)
        else:
            other += self(x)

    def _run(self, out: Tensor, x: Tensor, after: int) -> None:
        outputs, taps, inputs = self.shape
        lines, line = (1, len(x)) if taps == 1 else (out.shape[0], out.shape[1])
        about = Product(lines, line, taps, inputs, outputs, after, torch.get_num_threads())
        x = x.contiguous()
        given = (t.data_ptr() for t in (x, self._weight, self.bias, out))
        if not self._product(byref(about), *given):
            raise MemoryError(
                f"memory must hold a copy of {tuple(x.shape)} features, got too little"
            )
