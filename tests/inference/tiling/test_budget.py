"""Sides of tiles against a search through all of them."""

import pytest
from tiny import tiny

from hatsr.inference.tiling.budget import largest_tile, result_bytes, smallest_tile
from hatsr.model import as_network


def test_a_result_is_four_bytes_a_channel_and_sr_pixel() -> None:
    network = as_network(tiny())
    assert result_bytes(network, 5, 7) == 4 * 3 * (5 * network.scale) * (7 * network.scale)


@pytest.mark.parametrize("multiple", [1, 4, 16])
@pytest.mark.parametrize("budget", [99, 100, 6_500, 10**6])
def test_the_largest_tile_is_that_of_a_search(multiple: int, budget: int) -> None:
    def needed(height: int, width: int) -> int:
        return 100 + 3 * height * width

    sides = [side for side in range(multiple, 700, multiple) if needed(side, side) <= budget]
    assert largest_tile(needed, multiple, budget) == max(sides, default=0)


@pytest.mark.parametrize(
    ("multiple", "overlap", "side"),
    [(16, 32, 64), (16, 0, 32), (16, 33, 80), (1, 0, 8), (3, 4, 15)],
)
def test_the_smallest_tile_has_two_windows_beside_the_overlap(
    multiple: int, overlap: int, side: int
) -> None:
    assert smallest_tile(multiple, overlap) == side
