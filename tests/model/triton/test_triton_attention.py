"""The operator of Triton: in the whole network, and traced.

`make test-triton` runs those with kernels; a GPU is not needed.
"""

import pytest
import torch
from attention_cases import CASES, inputs, with_gradients
from tiny import tiny
from torch import Tensor

from hatsr.model.attention import aligned_attend, attend
from hatsr.model.triton import triton_attention
from hatsr.model.windows import merge, partition, seam_regions, window_kinds
from hatsr.native import disabled

interpreted = pytest.mark.triton


@interpreted
def test_attend_calls_it_in_the_whole_network(monkeypatch: pytest.MonkeyPatch) -> None:
    lr, calls, original = torch.rand(1, 3, 8, 8), [], triton_attention.triton_attend

    def counted(*given: Tensor, **sizes: int) -> Tensor:
        calls.append(sizes)
        return original(*given, **sizes)

    monkeypatch.setattr(triton_attention, "triton_attend", counted)
    model = tiny()
    sr = model(lr)
    gradients = torch.autograd.grad(sr.square().sum(), list(model.parameters()))
    assert len(calls) == 5
    plain = model.double()
    with disabled():
        wanted = plain(lr.double())
    torch.testing.assert_close(sr.double(), wanted, rtol=1e-5, atol=1e-5)
    wanted_gradients = torch.autograd.grad(wanted.square().sum(), list(plain.parameters()))
    for ours, theirs in zip(gradients, wanted_gradients, strict=True):
        assert (ours.double() - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@interpreted
def test_is_an_operator_that_can_be_traced() -> None:
    qkv, bias = inputs(CASES[2], torch.float32)
    given = qkv.requires_grad_(), bias.requires_grad_(), 4, 0, 2
    torch.library.opcheck(torch.ops.hatsr.triton_attention.default, given)


@pytest.mark.parametrize("width", [7, 8, 30])
@pytest.mark.parametrize(("rows", "cols", "shift"), [(2, 3, 0), (2, 3, 2), (1, 2, 2), (1, 1, 2)])
def test_fused_attention_with_heads_filled_up(rows: int, cols: int, shift: int, width: int) -> None:
    qkv, bias = inputs((2, rows, cols, 4, 0, shift, 2, width, 16), torch.float64)
    bias = bias.double().requires_grad_()
    h, w = 4 * rows, 4 * cols
    wanted = with_gradients(attend, qkv, bias, window=4, shift=shift)

    def filled(qkv: Tensor, bias: Tensor) -> Tensor:
        q, k, v = partition(qkv.roll((-shift, -shift), (1, 2)), 4).chunk(3, -1)
        kinds = window_kinds(h, w, 4) if shift else None
        out = merge(aligned_attend(q, k, v, bias, kinds, seam_regions(4, shift)), 4, h, w)
        return out.roll((shift, shift), (1, 2))

    for ours, plain in zip(with_gradients(filled, qkv, bias), wanted, strict=True):
        torch.testing.assert_close(ours, plain)
