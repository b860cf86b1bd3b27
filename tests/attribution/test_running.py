"""A network as it is run: frozen for the time, its memory counted, its output checked."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from hatsr.attribution.running import KeptBytes, frozen, run


def test_what_was_frozen_before_stays_so_and_the_rest_comes_back() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 2))
    network[0].weight.requires_grad_(False)
    network.train()
    network[1].eval()
    learning = [parameter.requires_grad for parameter in network.parameters()]
    training = [module.training for module in network.modules()]

    def stop(lr: Tensor) -> Tensor:
        assert not any(parameter.requires_grad for parameter in network.parameters())
        assert not any(module.training for module in network.modules())
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"), frozen(network):
        stop(torch.zeros(1))
    assert [parameter.requires_grad for parameter in network.parameters()] == learning
    assert learning == [False, True, True, True]
    assert [module.training for module in network.modules()] == training
    assert training == [True, True, False, True]


def test_a_function_has_nothing_to_freeze() -> None:
    with frozen(torch.relu):
        assert run(lambda lr: lr, torch.ones(1, 3, 2, 2)).shape == (1, 3, 2, 2)


def test_memory_is_counted_once_for_each_storage() -> None:
    """A product keeps what it learns with: both halves of `x`, which are one storage, once.

    A factor that is not learned needs the other one not to be kept.
    """
    kept, x = KeptBytes(), torch.ones(10, 10, requires_grad=True)
    with saved_tensors_hooks(kept.pack, lambda tensor: tensor):
        product = x[:5] * x[5:]
    assert kept.total() == 100 * 4
    with saved_tensors_hooks(kept.pack, lambda tensor: tensor):
        (product * torch.ones(5, 10, dtype=torch.float64)).sum()
    assert kept.total() == 100 * 4 + 50 * 8
    product.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones(10, 10))


def enlarged(by_rows: int, by_cols: int, channels: int = 3, pictures: int | None = None):
    def network(lr: Tensor) -> Tensor:
        count = len(lr) if pictures is None else pictures
        return torch.zeros(count, channels, lr.shape[2] * by_rows, lr.shape[3] * by_cols)

    return network


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (enlarged(2, 3), r"must turn \(2, 3, 4, 6\) into 2 x 3 x scale\*4 x scale\*6, got"),
        (enlarged(2, 2, channels=1), r"got \(2, 1, 8, 12\)"),
        (enlarged(2, 2, pictures=1), "if it takes one picture only, set memory=0"),
        (lambda lr: enlarged(2, 2)(lr)[..., 1:, :], r"got \(2, 3, 7, 12\)"),
        (lambda lr: lr[0], r"got \(3, 4, 6\)"),
    ],
)
def test_output_of_another_shape_is_refused(network, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(network, torch.zeros(2, 3, 4, 6))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_output_of_any_whole_scale_passes(scale: int) -> None:
    assert run(enlarged(scale, scale), torch.zeros(2, 3, 4, 6)).shape[2:] == (4 * scale, 6 * scale)
