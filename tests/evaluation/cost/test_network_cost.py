import pytest
import torch
from other_network import BicubicConv
from torch import nn

from hatsr.evaluation.cost.network_cost import complexity, complexity_of, time_forward
from hatsr.model import PRESETS
from hatsr.model.contract import as_network


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("hat", 20_772_507, 103_880_323_008),
        ("hat-s", 9_621_183, 54_619_534_080),
        ("hat-t", 684_192, 3_127_644_160),
        ("swinir", 11_900_199, 53_556_461_568),
    ],
)
def test_figures_of_the_family(name: str, parameters: int, multiply_adds: int) -> None:
    found = complexity_of(PRESETS[name])
    assert (found.parameters, found.multiply_adds) == (parameters, multiply_adds)


def test_any_network_is_counted() -> None:
    """A 3 x 3 convolution of 3 to 3 channels at HR: 81 multiply-adds a pixel, 84 numbers."""
    found = complexity(BicubicConv(), 10, 7)
    assert found.parameters == 3 * 3 * 9 + 3
    assert found.multiply_adds == 20 * 14 * 81


def test_grouped_convolutions_linear_layers_and_products_are_counted() -> None:
    class Mixed(nn.Module):
        scale, channels, multiple = 1, 3, 1

        def __init__(self) -> None:
            super().__init__()
            self.grouped = nn.Conv2d(3, 6, 5, padding=2, groups=3)
            self.linear = nn.Linear(6, 3, bias=False)

        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            x = self.linear(self.grouped(lr).movedim(1, 3))  # b h w c
            pixels = x.flatten(1, 2)
            return (pixels @ pixels.mT @ pixels).unflatten(1, x.shape[1:3]).movedim(3, 1)

    n = 4 * 5
    assert complexity(Mixed(), 4, 5).multiply_adds == n * 6 * 25 + n * 6 * 3 + 2 * n * n * 3


def test_a_forward_is_timed() -> None:
    found = time_forward(BicubicConv(), 16, 16)
    assert found.seconds > 0


def test_a_module_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a network must have scale, .* got Conv2d without"):
        complexity(nn.Conv2d(3, 3, 1))
    with pytest.raises(ValueError, match="must have scale"):
        as_network(nn.Identity())
