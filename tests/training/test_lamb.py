import numpy as np
import pytest
import torch
from torch import nn

from hatsr.training.lamb import Lamb


def expected(x: np.ndarray, gradients: list[np.ndarray], decay: float) -> np.ndarray:
    """LAMB as its paper writes it: no bias correction, norms of weights up to 10."""
    m = v = np.zeros_like(x)
    for g in gradients:
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        r = m / (np.sqrt(v) + 1e-6) + decay * x
        x = x - 0.1 * min(float(np.linalg.norm(x)), 10.0) / np.linalg.norm(r) * r
    return x


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_two_steps_are_those_of_the_paper(size: float, decay: float) -> None:
    rng = np.random.default_rng(0)
    x, gradients = size * rng.normal(size=(3, 4)), [rng.normal(size=(3, 4)) for _ in range(2)]
    parameter = nn.Parameter(torch.from_numpy(x.copy()))
    optimizer = Lamb([parameter], 0.1, (0.9, 0.99), decay)
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient)
        optimizer.step()
    np.testing.assert_allclose(parameter.detach().numpy(), expected(x, gradients, decay), rtol=1e-9)


def test_weights_of_zero_move() -> None:
    parameter = nn.Parameter(torch.zeros(4))
    parameter.grad = torch.ones(4)
    Lamb([parameter], 0.1, (0.9, 0.99)).step()
    assert (parameter < 0).all()
