"""The chunked attention is the plain one, with the same gradients."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hatsr.model import chunked
from hatsr.model.chunked import chunked_attend, supports_chunks

HEADS, WIDTH = 2, 6


def plain(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))
    bias = bias.repeat(len(q) // len(bias), 1, 1, 1)
    return scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)


def inputs(n: int, m: int, keys: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(n + m + keys)
    shapes = ((n, 4, WIDTH), (n, keys, WIDTH), (n, keys, WIDTH), (m, HEADS, 4, keys))
    return tuple(
        torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes
    )


CASES = [(6, 1, 4), (6, 3, 4), (6, 6, 4), (5, 1, 9), (1, 1, 9)]


@pytest.mark.parametrize("cache", [1, 300, 1 << 20])
@pytest.mark.parametrize(("n", "m", "keys"), CASES)
def test_equals_plain_attention(
    n: int, m: int, keys: int, cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked, "_CACHE", cache)
    given = inputs(n, m, keys, torch.float64)
    out, wanted = chunked_attend(*given), plain(*given)
    torch.testing.assert_close(out, wanted)
    weights = torch.randn_like(out)
    gradients = torch.autograd.grad((out * weights).sum(), given)
    wanted_gradients = torch.autograd.grad((wanted * weights).sum(), given)
    torch.testing.assert_close(gradients, wanted_gradients)


@pytest.mark.parametrize(("n", "m", "keys"), CASES)
def test_gradient_is_right(n: int, m: int, keys: int) -> None:
    assert torch.autograd.gradcheck(chunked_attend, inputs(n, m, keys, torch.float64))


def test_takes_views_and_large_scores() -> None:
    q, k, v = (torch.randn(3, 4, 3 * WIDTH) * 100).requires_grad_().chunk(3, dim=-1)
    bias = torch.randn(1, HEADS, 4, 4)
    out = chunked_attend(q, k, v, bias)
    torch.testing.assert_close(out, plain(q, k, v, bias))
    out.sum().backward()


def test_is_for_gradients_only() -> None:
    q, _, _, bias = inputs(1, 1, 4, torch.float32)
    assert supports_chunks(q, bias)
    assert not supports_chunks(q.detach(), bias.detach())
    assert not supports_chunks(q.bfloat16(), bias)
    with torch.no_grad():
        assert not supports_chunks(q, bias)
