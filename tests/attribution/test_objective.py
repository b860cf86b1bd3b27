"""The strength of edges against its formula, position by position."""

import math

import pytest
import torch

from hatsr.attribution.objective import LamMode, PatchCorner, check_patch, edge_strength


@pytest.mark.parametrize("mode", ["robust", "reference"])
@pytest.mark.parametrize("patch", [(0, 0), (2, 1), (4, 5)])
def test_edge_strength_is_the_sum_of_the_formula(mode: LamMode, patch: PatchCorner) -> None:
    sr = torch.rand(2, 3, 7, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = [0.0, 0.0]
    for b in range(2):
        for c in range(3):
            for y in range(patch[0], min(patch[0] + 3, 6)):  # the last row and column have none
                for x in range(patch[1], min(patch[1] + 3, 7)):
                    here = sr[b, c, y, x]
                    dh, dw = float(here - sr[b, c, y + 1, x]), float(here - sr[b, c, y, x + 1])
                    expected[b] += math.hypot(dh, dw)
    found = edge_strength(sr, patch, 3, mode)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=sr.dtype), rtol=1e-9, atol=0)


@pytest.mark.parametrize(("mode", "finite"), [("robust", True), ("reference", False)])
def test_only_the_robust_root_has_a_gradient_where_nothing_changes(
    mode: LamMode, finite: bool
) -> None:
    sr = torch.full((1, 3, 5, 5), 0.5, requires_grad=True)
    edge_strength(sr, (0, 0), 2, mode).sum().backward()
    assert sr.grad is not None
    assert bool(sr.grad.isfinite().all()) is finite


@pytest.mark.parametrize(
    ("patch", "size", "message"),
    [
        ((0, 0), 41, "patch_size must be at most the SR picture's 40 x 60, got 41"),
        ((25, 0), 16, "rows 0 to 24 and columns 0 to 44 .* got row 25, column 0"),
        ((0, -1), 16, "got row 0, column -1"),
    ],
)
def test_a_patch_outside_is_refused(patch: PatchCorner, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_patch(patch, size, 40, 60)
    check_patch((24, 44), 16, 40, 60)
