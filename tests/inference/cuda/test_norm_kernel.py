"""The kernel of Triton that sums and normalizes, interpreted on a CPU, against plain torch."""

import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm, pad

from hatsr.inference.cuda.aligned import AlignedNorm
from hatsr.model.triton.triton_support import supports_triton

pytestmark = pytest.mark.triton


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize(
    ("is_sum", "gains"),
    [(False, None), (True, None), (True, "one for all"), (True, "one a picture")],
)
def test_sum_and_norm(is_sum: bool, gains: str | None, pictures: int, dtype: torch.dtype) -> None:
    """15 pixels of a picture, which no block of 8 ends with; 9 channels in 16."""
    torch.manual_seed(0)
    x, y, gated = torch.randn(3, pictures, 3, 5, 9)
    y, gated = y.to(dtype), gated.to(dtype)
    factors = torch.rand(pictures if gains == "one a picture" else 1, 9)
    norm = nn.LayerNorm(9)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    total = x.double()
    if is_sum:
        total = total + y
    if gains:
        total = total + gated.double() * factors[:, None, None]
    wanted = layer_norm(total, (9,), norm.weight.double(), norm.bias.double(), norm.eps)
    given, *others = (pad(t, (0, 7)) for t in (x, y, gated, factors))
    assert supports_triton(given)
    more = (others[0], others[2], others[1]) if gains else (others[0],) if is_sum else ()
    found = AlignedNorm(norm, dtype)(given, *more)
    assert found.dtype == dtype
    near = 2e-6 if dtype == torch.float32 else 4e-3
    torch.testing.assert_close(given[..., :9].double(), total, rtol=2e-6, atol=2e-6)
    torch.testing.assert_close(found[..., :9].double(), wanted, rtol=near, atol=near)
    assert not given[..., 9:].any()
    assert not found[..., 9:].any()
