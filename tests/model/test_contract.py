import pytest
import torch
from tiny import tiny

from hatsr.model import Network


@pytest.mark.parametrize("changes", [{}, {"scale": 3, "channels": 1, "window_size": 8}], ids=str)
def test_hat_is_a_network(changes: dict) -> None:
    model = tiny(**changes)
    assert isinstance(model, Network)
    assert not isinstance(torch.nn.Conv2d(1, 1, 1), Network)
    config = model.config
    found = (model.scale, model.channels, model.multiple)
    assert found == (config.scale, config.channels, config.window_size)
