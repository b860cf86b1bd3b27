import torch

from hatsr.training.adversarial import UNetDiscriminator


def test_published_size() -> None:
    network = UNetDiscriminator()
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_376_897


def test_a_verdict_for_each_pixel() -> None:
    network = UNetDiscriminator(4)
    assert network(torch.rand(2, 3, 16, 24)).shape == (2, 1, 16, 24)


def test_spectral_norm_of_all_but_the_first_and_last() -> None:
    torch.manual_seed(0)
    network = UNetDiscriminator(4)
    normed = [*network.down, *network.up, *network.refine]
    assert len(normed) == 8
    for _ in range(30):  # an iteration of the power method each
        network(torch.rand(1, 3, 8, 8))
    network.eval()
    for layer in normed:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)  # pyright: ignore
        assert abs(float(largest.detach()) - 1) < 0.02
        assert layer.bias is None
    assert network.first.bias is not None
    assert network.last.bias is not None
