"""The door to window attention: every implementation gives what equation 2 says."""

import pytest
import torch
from torch import Tensor

from hatsr.model.attention import attend, attention_with, gathered_attend, window_rows
from hatsr.native import Kernels, disabled, kernels

CASES = [
    # rows and columns of windows, window, overlap, shift
    (2, 3, 4, 0, 0),
    (2, 3, 4, 0, 2),
    (1, 2, 4, 0, 2),
    (3, 1, 5, 0, 2),
    (2, 2, 4, 2, 0),
    (3, 2, 4, 4, 0),
]
HEADS, WIDTH = 2, 6


def inputs(case: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    rows, cols, window, overlap, _ = case
    generator = torch.Generator().manual_seed(0)
    shapes = (
        (2, rows * window, cols * window, 3 * WIDTH),
        (HEADS, window**2, (window + overlap) ** 2),
    )
    qkv, bias = (torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes)
    return qkv, bias


def by_pixel(qkv: Tensor, bias: Tensor, window: int, overlap: int, shift: int) -> Tensor:
    """One query after the other, of one picture."""
    height, width, _ = qkv.shape
    q, k, v = (t.unflatten(-1, (HEADS, -1)) for t in qkv.chunk(3, -1))
    out = torch.zeros_like(q)
    side, margin = window + overlap, overlap // 2
    for y in range(height):
        for x in range(width):
            top, left = ((n - shift) // window * window + shift - margin for n in (y, x))
            query = (y - top - margin) * window + x - left - margin
            for head in range(HEADS):
                scores, values = (
                    bias[head, query].clone(),
                    torch.zeros(side**2, WIDTH // HEADS).to(v),
                )
                for key in range(side**2):
                    ky, kx = top + key // side, left + key % side
                    if overlap and not (0 <= ky < height and 0 <= kx < width):
                        continue
                    # Beyond the edge a shifted window goes on at the other side, masked.
                    seam = (ky // height, kx // width) != (y // height, x // width)
                    at = ky % height, kx % width, head
                    scores[key] += q[y, x, head] @ k[at] * (WIDTH // HEADS) ** -0.5
                    scores[key] -= 100 * seam
                    values[key] = v[at]
                out[y, x, head] = scores.softmax(0) @ values
    return out.flatten(2)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_attends_as_the_equation_says(case: tuple[int, ...]) -> None:
    _, _, window, overlap, shift = case
    qkv, bias = inputs(case, torch.float64)
    out = attend(qkv, bias, window=window, overlap=overlap, shift=shift)
    for picture, found in zip(qkv, out, strict=True):
        torch.testing.assert_close(found, by_pixel(picture, bias, window, overlap, shift))
    qkv.requires_grad_()
    trained = attend(qkv, bias, window=window, overlap=overlap, shift=shift)
    torch.testing.assert_close(trained, out)


@pytest.mark.skipif(not isinstance(kernels(), Kernels), reason=f"{kernels()}")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernels_do_not_show(case: tuple[int, ...]) -> None:
    _, _, window, overlap, shift = case
    qkv, bias = inputs(case, torch.float32)
    fast = attend(qkv, bias, window=window, overlap=overlap, shift=shift)
    with disabled():
        plain = attend(qkv, bias, window=window, overlap=overlap, shift=shift)
    assert not torch.equal(fast, plain)
    torch.testing.assert_close(fast, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("together", [1, 20, 4096])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_of_a_list_of_windows(
    case: tuple[int, ...], together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatsr.model.attention._QUERIES_AT_ONCE", together)
    rows, cols, window, overlap, shift = case
    qkv, bias = inputs(case, torch.float64)
    wanted = attend(qkv, bias, window=window, overlap=overlap, shift=shift)[0].flatten(0, 1)
    windows = window_rows(rows * window, cols * window, window, overlap, shift)
    q, k, v = qkv[0].flatten(0, 1).chunk(3, 1)
    k, v = (torch.cat((t, torch.zeros(1, WIDTH).to(t))) for t in (k, v))  # key -1
    attention = attention_with(bias)
    assert attention.func is gathered_attend  # pyright: ignore[reportFunctionMemberAccess]
    out = torch.full_like(q, torch.nan)
    attention(out, q, k, v, windows)
    torch.testing.assert_close(out, wanted)
