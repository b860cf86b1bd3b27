"""Linear layers and convolutions in 8-bit integers, with the interfaces of `linear`.

Weights are rounded once, symmetrically, with a scale for each output channel. Activations are
rounded as they come, with one scale and zero point for each call: nothing has to be calibrated,
and a range never comes from another picture. oneDNN multiplies codes, sums in 32 bits and writes
float32 with the bias, GELU or residual applied.

What would cost much is kept out, as measured with hat-t-x4: the first convolution, and those after
the last RHAG, which run in bfloat16 where the processor has it. Attention, norms and features stay
float32.
"""

import warnings
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite

import torch
from jaxtyping import Float, Int8, UInt8
from torch import Tensor, nn
from torch.nn.functional import gelu

from hatsr.inference.engine.linear import Layers

_LEVELS = 255  # of an activation: codes 0 to 255
_MAX_WEIGHT_CODE = 127  # largest code of a weight
_PAD_COLUMNS = ([1, 1], [0, 1], [1, 1], 1)  # stride, padding, dilation, groups


def unusable() -> str | None:
    """Why this machine cannot run int8, or None if it can."""
    names = ("qlinear_prepack", "qlinear_pointwise", "qconv_prepack", "qconv2d_pointwise")
    if not all(hasattr(torch.ops.onednn, name) for name in names):
        return f"PyTorch {torch.__version__} lacks oneDNN's int8 operators"
    if not torch.backends.mkldnn.is_available():
        return "this build of PyTorch has no oneDNN"
    if not getattr(torch.cpu, "_is_vnni_supported", lambda: False)():
        return "the processor has no AVX-512 VNNI"
    return None


@dataclass(frozen=True, slots=True)
class QuantisedTensor:
    """A tensor in 8 bits: its values are near ``scale * (codes - zero)``; 0 is kept exactly."""

    codes: UInt8[Tensor, "..."]
    scale: float
    zero: int

    @classmethod
    def of(cls, x: Float[Tensor, "..."]) -> "QuantisedTensor":
        """Round to 256 even steps over the range of `x`."""
        low, high = (bound.item() for bound in torch.aminmax(x))
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / _LEVELS or 1.0
        if not isfinite(scale):
            raise ValueError(f"features must be finite, got {low} to {high}; choose precision fp32")
        zero = round(-low / scale)
        return cls(_codes(x, scale, zero), scale, zero)


def _codes(x: Float[Tensor, "*shape"], scale: float, zero: int) -> UInt8[Tensor, "*shape"]:
    """The nearest codes, none outside 0 to 255."""
    if not _rounds_in_one_pass():
        # The cast cuts off, so half a step more; a little less keeps a tie below 256.
        return torch.add(x.new_tensor(zero + 0.5), x, alpha=(1 - 1e-6) / scale).to(torch.uint8)
    held = torch.quantize_per_tensor(x, scale, zero, torch.quint8)
    codes = torch.empty(0, dtype=torch.uint8)
    return codes.set_(held.untyped_storage(), 0, held.shape, held.stride())


def _rounds_in_one_pass() -> bool:
    """Whether torch still has its own rounding; the other way takes three times as long."""
    return hasattr(torch, "quantize_per_tensor")


def _rounded(weight: Float[Tensor, "o ..."]) -> tuple[Int8[Tensor, "o ..."], Float[Tensor, " o"]]:
    """Codes of weights and the scale of each output channel."""
    flat = weight.detach().flatten(1)
    scale = (flat.abs().amax(1) / _MAX_WEIGHT_CODE).clamp(min=torch.finfo(flat.dtype).tiny)
    return (flat / scale[:, None]).round().to(torch.int8).view(weight.shape), scale


class Int8Linear:
    """A linear layer in int8."""

    def __init__(self, weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"]) -> None:
        codes, self.scale = _rounded(weight)
        self.weight = torch.ops.onednn.qlinear_prepack(codes, None)
        self.zero, self.bias = torch.zeros_like(self.scale, dtype=torch.int32), bias.detach()

    def __call__(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer."""
        return self._run(x, "none", "")

    def then_gelu(self, x: Float[Tensor, "p i"]) -> Float[Tensor, "p o"]:
        """The output of the layer, through a GELU."""
        return self._run(x, "gelu", "none")

    def add_to(self, other: Float[Tensor, "p o"], x: Float[Tensor, "p i"]) -> None:
        """Add the layer's output for `x` to `other`, in place."""
        y = QuantisedTensor.of(x)
        torch.ops.onednn.qlinear_pointwise.binary(
            *(y.codes, y.scale, y.zero, self.weight, self.scale, self.zero, other, self.bias),
            *(1.0, 0, torch.float32, 1.0, 0, "sum", 1.0, "none", [], ""),
        )

    def _run(self, x: Float[Tensor, "p i"], after: str, algorithm: str) -> Float[Tensor, "p o"]:
        y = QuantisedTensor.of(x)
        return torch.ops.onednn.qlinear_pointwise(
            *(y.codes, y.scale, y.zero, self.weight, self.scale, self.zero, self.bias),
            *(1.0, 0, torch.float32, after, [], algorithm),
        )


class Int8Conv:
    """A 3 x 3 convolution in int8; padding as for every `FastConv`."""

    def __init__(self, weight: Float[Tensor, "o i 3 3"], bias: Float[Tensor, " o"]) -> None:
        codes, self.scale = _rounded(weight)
        shape = [1, weight.shape[1], 64, 64]
        pack = torch.ops.onednn.qconv_prepack
        self.weight = pack(codes, self.scale, 1.0, 0, *_PAD_COLUMNS, shape)
        self.zero, self.bias = torch.zeros_like(self.scale, dtype=torch.int32), bias.detach()

    def gated(self, gain: Float[Tensor, " o"]) -> "Int8Conv":
        """The same with each output channel times `gain`; shares the weights."""
        other = object.__new__(Int8Conv)
        other.weight, other.zero = self.weight, self.zero
        other.scale, other.bias = self.scale * gain, self.bias * gain
        return other

    def then_gelu(self, x: Float[Tensor, "bordered_h w i"]) -> Float[Tensor, "h w o"]:
        """The output of the convolution, through a GELU."""
        y = torch.ops.onednn.qconv2d_pointwise(
            *self._given(x), self.bias, *_PAD_COLUMNS, 1.0, 0, torch.float32, "none", [], ""
        )
        return gelu(y[0].permute(1, 2, 0))

    def add_to(self, other: Float[Tensor, "h w o"], x: Float[Tensor, "bordered_h w i"]) -> None:
        """Add the convolution of `x` to `other`, in place."""
        out = other.permute(2, 0, 1)[None]
        torch.ops.onednn.qconv2d_pointwise.binary(
            *(*self._given(x), out, self.bias, *_PAD_COLUMNS, 1.0, 0, torch.float32),
            *(1.0, 0, "sum", 1.0, None, [], None),
        )

    def _given(
        self, x: Float[Tensor, "bordered_h w i"]
    ) -> tuple[Tensor, float, int, Tensor, Tensor, Tensor]:
        y = QuantisedTensor.of(x)
        codes = y.codes.permute(2, 0, 1)[None]
        return codes, y.scale, y.zero, self.weight, self.scale, self.zero


class Bfloat16Convolutions(nn.Module):
    """Convolutions in bfloat16 between float32 on both sides."""

    def __init__(self, convolutions: nn.Module) -> None:
        super().__init__()
        self.convolutions = deepcopy(convolutions).bfloat16()

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o out_h out_w"]:
        """What the convolutions give, in float32."""
        return self.convolutions(x.bfloat16()).float()


def narrowed(convolutions: nn.Module) -> nn.Module:
    """The convolutions in bfloat16, where the processor has instructions for it."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return (
        Bfloat16Convolutions(convolutions)
        if supported and [*convolutions.parameters()]
        else convolutions
    )


def int8_layers() -> Layers:
    """How an engine makes layers in int8, where that costs next to nothing in quality."""
    _silence_deprecation()
    return Layers(
        linear=lambda weight, bias, rows: Int8Linear(weight, bias),
        conv=Int8Conv,
        gated_conv=lambda weight, bias: Int8Conv(weight, bias).gated,
        closing=narrowed,
    )


def _silence_deprecation() -> None:
    """Trigger torch's warning that its rounding is deprecated, and ignore it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        QuantisedTensor.of(torch.zeros(1))
