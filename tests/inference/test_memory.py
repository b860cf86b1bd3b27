import pytest

from hatsr.inference.budget import bytes_per_pixel, largest_tile, smallest_tile
from hatsr.inference.memory import available_bytes, kept_heap, parse_bytes
from hatsr.model import preset


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4e9), ("512 MiB", 2**29), ("1e9", 1e9), ("1.5g", 1.5e9), ("100", 100)],
)
def test_sizes(text: str, size: float) -> None:
    assert parse_bytes(text) == int(size)


@pytest.mark.parametrize("text", ["", "many", "-4GB", "0", "4XB", "1.2.3GB"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="memory must be a size such as 4GB"):
        parse_bytes(text)


def test_there_is_memory() -> None:
    assert available_bytes() > 10**6


def test_heap_is_given_back_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), kept_heap():
        _ = 1 / 0


def test_tiles_grow_with_the_budget() -> None:
    config = preset("hat")
    sides = [largest_tile(config, int(b)) for b in (0, 3e8, 1e9, 4e9)]
    assert sides == sorted(sides)
    assert sides[0] == 0
    assert all(side % 16 == 0 for side in sides)
    assert sides[-1] ** 2 * bytes_per_pixel(config) < 4e9
    assert smallest_tile(config, 32) == 64
