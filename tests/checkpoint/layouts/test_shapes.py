"""What shapes and names alone tell of a network."""

import pytest
import torch
from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape, shuffle_scale


def shaped(*sizes: int) -> Tensor:
    return torch.empty(sizes, device="meta")


def test_a_shape_is_given_where_it_has_the_dimensions() -> None:
    assert shape({"a.weight": shaped(6, 3, 5, 5)}, "a.weight", 4) == (6, 3, 5, 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "the file must hold none, got a file without it; copy the whole file"),
        ("line", r"line must have 2 dimensions, got shape \(7,\)"),
        ("hollow", r"hollow must have 2 dimensions, got shape \(4, 0\)"),
    ],
)
def test_a_tensor_of_another_shape_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shape({"line": shaped(7), "hollow": shaped(4, 0)}, name, 2)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"body\.(\d+)\.", 11),  # numbers, not words: 10 comes after 2
        (r"body\.0\.(\d+)\.", 2),
        (r"tail\.(\d+)\.", 0),  # not within a name
        (r"none\.(\d+)\.", 0),
    ],
)
def test_blocks_are_counted_by_their_largest_number(pattern: str, expected: int) -> None:
    names = [*(f"body.{i}.x" for i in range(11)), "body.0.0.x", "body.0.1.x", "my.tail.0.x"]
    assert count(dict.fromkeys(names, shaped(1)), pattern) == expected


def test_a_file_that_cannot_hold_its_blocks_is_refused() -> None:
    tensors = {f"body.{i}.x": shaped(1) for i in (0, 1, 3)}
    message = "must hold every block of the network, got 3 tensors for 4 blocks; copy the whole"
    with pytest.raises(ValueError, match=message):
        count(tensors, r"body\.(\d+)\.")


@pytest.mark.parametrize(
    ("times", "expected"), [((), 1), ((4,), 2), ((9,), 3), ((4, 4), 4), ((4, 4, 4), 8), ((9, 4), 6)]
)
def test_the_enlargement_of_shuffles_together(times: tuple[int, ...], expected: int) -> None:
    tensors = {f"up.{2 * i}.weight": shaped(5 * each, 5, 3, 3) for i, each in enumerate(times)}
    tensors |= {"up.0.bias": shaped(20), "last.weight": shaped(3, 5, 3, 3)}
    assert shuffle_scale(tensors, r"up\.\d+\.weight$", 5) == expected
