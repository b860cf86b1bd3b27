"""The running average of the weights."""

import torch

from hatsr.training.ema import averaged, update


def test_average_follows_the_weights() -> None:
    network = torch.nn.Linear(2, 2)
    mean = averaged(network)
    start = network.weight.detach().clone()
    torch.nn.init.ones_(network.weight)
    for _ in range(3):
        update(mean, network, decay=0.9, step=1000)
    torch.testing.assert_close(mean.weight, start * 0.9**3 + (1 - 0.9**3))
    before = mean.weight.clone()
    update(mean, network, decay=0.9, step=0)
    torch.testing.assert_close(mean.weight, before * 0.1 + 0.9)
    assert not mean.training
    assert not mean.weight.requires_grad
