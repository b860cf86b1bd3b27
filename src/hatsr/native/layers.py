"""Linear layers in mixed precision, each fused with what stands around it; differentiable.

The residual features are float32, what branches off them bfloat16, and so are the products; sums,
weights and their gradients are float32. See layers.cpp.
"""

from ctypes import byref
from typing import Any

import torch
from jaxtyping import BFloat16, Float32
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from hatsr.native.attention_operator import address, check_memory, found_kernels
from hatsr.native.library import (
    AddedLayer,
    AddedMlp,
    Kernels,
    Layer,
    Norm,
    NormedLayer,
    Rows,
    kernels,
)

ResidualMap = Float32[Tensor, "b h w c"]
BranchMap = BFloat16[Tensor, "b h w c"]


def supports_layers(x: Tensor) -> bool:
    """Whether the kernels can run: autocast to bfloat16 on a CPU, and they are built."""
    return (
        not torch.compiler.is_compiling()
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and isinstance(kernels(), Kernels)
    )


def normed_layer(
    x: ResidualMap, norm: nn.LayerNorm, layer: nn.Linear
) -> tuple[ResidualMap, BranchMap, BFloat16[Tensor, "b h w o"]]:
    """The input, to go on with instead of `x`; its norm; what the layer makes of that.

    The gradients of all three are added up in one pass.
    """
    given = x.contiguous(), norm.weight, norm.bias, *_parameters(layer), norm.eps
    return _RunNormedLayer.apply(*given)  # pyright: ignore[reportReturnType]


def added_layer(
    x: ResidualMap,
    branch: BFloat16[Tensor, "b h w i"],
    layer: nn.Linear,
    share: Float32[Tensor, " b"] | None = None,
    gated: tuple[BranchMap, Float32[Tensor, "b c"]] | None = None,
) -> ResidualMap:
    """The sum x + share * layer(branch), + features * gain if `gated` gives both."""
    features, gain = (None, None) if gated is None else (t.contiguous() for t in gated)
    given = x.contiguous(), branch.contiguous(), *_parameters(layer), share, features, gain
    return _RunAddedLayer.apply(*given)  # pyright: ignore[reportReturnType]


def added_mlp(
    x: ResidualMap,
    norm: nn.LayerNorm,
    first: nn.Linear,
    second: nn.Linear,
    share: Float32[Tensor, " b"] | None = None,
) -> ResidualMap:
    """The sum x + share * second(GELU(first(norm(x))))."""
    parameters = norm.weight, norm.bias, *_parameters(first), *_parameters(second)
    return _RunAddedMlp.apply(x.contiguous(), *parameters, norm.eps, share)  # pyright: ignore


def gelu(x: BFloat16[Tensor, "..."]) -> BFloat16[Tensor, "..."]:
    """GELU; the layout in memory stays."""
    return _RunGELU.apply(x)  # pyright: ignore[reportReturnType]


class _RunNormedLayer(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> Any:
        gamma, beta, weight, bias, ctx.epsilon = given
        normed, y = _branch(x, x.shape[-1]), _branch(x, len(weight))
        statistics = x.new_empty(x.shape[:-1].numel(), 2)
        norm, layer = Norm(*_addresses(gamma, beta), None, ctx.epsilon), _layer(weight, bias)
        about = NormedLayer(norm, layer, address(statistics))
        _call("normed_layer", _rows(x), about, x, normed, y)
        ctx.save_for_backward(x, gamma, beta, weight, bias, statistics)
        ctx.set_materialize_grads(False)
        return x, normed, y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:  # pyright: ignore
        x, gamma, beta, weight, bias, statistics = ctx.saved_tensors
        through, d_normed, d_y = (None if d is None else d.contiguous() for d in gradients)
        d_y = torch.zeros_like(_branch(x, len(weight))) if d_y is None else d_y
        d_x, norm_sums, sums = torch.empty_like(x), _norm_sums(gamma), _layer_sums(weight)
        norm = Norm(*_addresses(gamma, beta, norm_sums), ctx.epsilon)
        about = NormedLayer(norm, _layer(weight, bias, sums), address(statistics))
        _call("normed_layer_backward", _rows(x), about, x, d_y, d_normed, through, d_x)
        return d_x, *norm_sums.sum(0), *_split(sums, weight), None


class _RunAddedLayer(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, branch: Tensor, *given: Any) -> Tensor:
        weight, bias, *others = given
        out = torch.empty_like(x)
        about = AddedLayer(_layer(weight, bias), *_addresses(*others))
        _call("added_layer", _rows(x), about, branch, x, out)
        ctx.save_for_backward(branch, *given)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore
        branch, weight, bias, share, gated, gain = ctx.saved_tensors
        d_out, sums = gradients[0].contiguous(), _layer_sums(weight)
        d_branch, d_gated = (
            torch.empty_like(branch),
            None if gated is None else torch.empty_like(gated),
        )
        rows = _rows(d_out)
        d_gain = None if gain is None else gain.new_zeros(rows.threads, *gain.shape)
        about = AddedLayer(_layer(weight, bias, sums), *_addresses(share, gated, gain))
        _call("added_layer_backward", rows, about, branch, d_out, d_branch, d_gated, d_gain)
        d_gain = None if d_gain is None else d_gain.sum(0)
        return d_out, d_branch, *_split(sums, weight), None, d_gated, d_gain


class _RunAddedMlp(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> Tensor:
        gamma, beta, weight, bias, other_weight, other_bias, ctx.epsilon, share = given
        hidden, out = _branch(x, len(weight)), torch.empty_like(x)
        statistics = x.new_empty(x.shape[:-1].numel(), 2)
        norm = Norm(*_addresses(gamma, beta), None, ctx.epsilon)
        layers = _layer(weight, bias), _layer(other_weight, other_bias)
        about = AddedMlp(norm, *layers, *_addresses(share, statistics, hidden))
        _call("added_mlp", _rows(x), about, x, out)
        ctx.save_for_backward(x, *given[:6], share, statistics, hidden)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore
        x, gamma, beta, weight, bias, other_weight, other_bias, *kept = ctx.saved_tensors
        d_out, d_x, norm_sums = gradients[0].contiguous(), torch.empty_like(x), _norm_sums(gamma)
        sums, other_sums = _layer_sums(weight), _layer_sums(other_weight)
        norm = Norm(*_addresses(gamma, beta, norm_sums), ctx.epsilon)
        layers = _layer(weight, bias, sums), _layer(other_weight, other_bias, other_sums)
        about = AddedMlp(norm, *layers, *_addresses(*kept))
        _call("added_mlp_backward", _rows(x), about, x, d_out, d_x)
        of_layers = *_split(sums, weight), *_split(other_sums, other_weight)
        return d_x, *norm_sums.sum(0), *of_layers, None, None


class _RunGELU(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        x = _in_order_of(y, x)
        found_kernels().bf16.hatsr_gelu(x.numel(), torch.get_num_threads(), *_addresses(x, y))
        ctx.save_for_backward(x)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore
        (x,) = ctx.saved_tensors
        d_y, d_x = _in_order_of(x, gradients[0]), torch.empty_like(x)
        given = _addresses(x, d_y, d_x)
        found_kernels().bf16.hatsr_gelu_backward(x.numel(), torch.get_num_threads(), *given)
        return d_x


def _in_order_of(dense: Tensor, x: Tensor) -> Tensor:
    """The numbers of `x`, in memory where those of another tensor are in its own."""
    return x if x.stride() == dense.stride() else torch.empty_like(dense).copy_(x)


def _parameters(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    bias = layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias
    return layer.weight, bias


def _branch(x: Tensor, width: int) -> Tensor:
    return x.new_empty(*x.shape[:-1], width, dtype=torch.bfloat16)


def _norm_sums(weight: Tensor) -> Tensor:
    return weight.new_zeros(torch.get_num_threads(), 2, len(weight))


def _layer_sums(weight: Tensor) -> Tensor:
    outputs, inputs = weight.shape
    return weight.new_zeros(torch.get_num_threads(), outputs * (inputs + 1))


def _split(sums: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of weight and bias, from those of all threads."""
    total = sums.sum(0)
    return total[: weight.numel()].view_as(weight), total[weight.numel() :]


def _layer(weight: Tensor, bias: Tensor, sums: Tensor | None = None) -> Layer:
    outputs, inputs = weight.shape
    return Layer(*_addresses(weight, bias, sums), inputs, outputs)


def _rows(x: Tensor) -> Rows:
    return Rows(len(x), x.shape[1:-1].numel(), x.shape[-1], torch.get_num_threads())


def _addresses(*tensors: Tensor | None) -> list[int | None]:
    return [address(tensor) for tensor in tensors]


def _call(name: str, rows: Rows, about: Any, *maps: Tensor | None) -> None:
    function = getattr(found_kernels().bf16, f"hatsr_{name}")
    check_memory(function(byref(rows), byref(about), *_addresses(*maps)))
