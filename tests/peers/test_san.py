"""SAN against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu

from hatsr.peers import SANConfig
from hatsr.peers.san import covariance, matrix_root, middle, pooled


def root(a: Tensor) -> Tensor:
    """Of one matrix, by five steps of Newton and Schulz."""
    eye, trace = torch.eye(len(a)), a.trace()
    y, z = a / trace, torch.eye(len(a))
    for _ in range(5):
        t = 0.5 * (3 * eye - z @ y)
        y, z = y @ t, t @ z
    return y * trace.sqrt()


def conv(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".weight"]
    return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)


def halved(x: Tensor) -> Tensor:
    """The greatest of each 2 x 2 pixels, a last odd row or column left out, and flat."""
    rows, cols = (side // 2 for side in x.shape[2:])
    found = [
        x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten(2).amax(2)
        for i in range(rows)
        for j in range(cols)
    ]
    return torch.stack(found, 2)


def quarter(w: dict[str, Tensor], x: Tensor) -> Tensor:
    theta = conv(w, "non_local.non_local.theta", x).flatten(2)
    phi, g = (halved(conv(w, f"non_local.non_local.{name}.0", x)) for name in ("phi", "g"))
    y = torch.softmax(theta.transpose(1, 2) @ phi, -1) @ g.transpose(1, 2)
    y = y.transpose(1, 2).reshape(len(x), -1, *x.shape[2:])
    return conv(w, "non_local.non_local.W", y) + x


def non_local(w: dict[str, Tensor], x: Tensor) -> Tensor:
    out, height, width = torch.zeros_like(x), x.shape[2] // 2, x.shape[3] // 2
    for rows in (slice(0, height), slice(height, None)):
        for cols in (slice(0, width), slice(width, None)):
            out[:, :, rows, cols] = quarter(w, x[:, :, rows, cols])
    return out


def soca(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    n = x.shape[2] * x.shape[3]
    flat = x.flatten(2)
    centring = torch.eye(n) / n - torch.ones(n, n) / n**2
    covariances = flat @ centring @ flat.transpose(1, 2)
    mean = torch.stack([root(c).mean(0) for c in covariances])[:, :, None, None]
    hidden = relu(conv(w, name + ".conv_du.0", mean))
    return x * torch.sigmoid(conv(w, name + ".conv_du.2", hidden))


def forward(w: dict[str, Tensor], x: Tensor) -> Tensor:
    head = conv(w, "head.0", conv(w, "sub_mean", x * 255))
    xx = residual = non_local(w, head)
    for g in range(2):
        group = xx
        for i in range(2):
            name = f"RG.{g}.rcab.{i}.conv_first."
            xx = conv(w, name + "2", relu(conv(w, name + "0", xx))) + xx
        xx = conv(w, f"RG.{g}.conv_last", soca(w, f"RG.{g}.soca", xx)) + group
        xx = xx + w["gamma"] * residual
    x = pixel_shuffle(conv(w, "tail.0.0", non_local(w, xx) + head), 2)
    x = conv(w, "tail.1", pixel_shuffle(conv(w, "tail.0.2", x), 2))
    return conv(w, "add_mean", x) / 255


def test_as_the_authors_program() -> None:
    network = tiny_peer("san")
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        assert (network(lr) - forward(official(network), lr)).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("map_", "expected"),
    [
        ([[1.0, 5.0, 2.0], [4.0, 3.0, 9.0]], [[5.0]]),
        ([[1.0, 4.0, 2.0, 3.0, 9.0]], [[4.0, 3.0]]),
        ([[1.0], [4.0], [5.0]], [[4.0]]),
        ([[7.0]], [[7.0]]),
    ],
)
def test_of_one_row_or_column_fewer_pixels_are_pooled(
    map_: list[list[float]], expected: list[list[float]]
) -> None:
    assert pooled(torch.tensor([[map_]])).tolist() == [[expected]]


def test_the_root_of_a_covariance() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 5, 30, 30)
    found = matrix_root(covariance(x))
    assert torch.allclose(found @ found, covariance(x), atol=2e-3)
    expected = torch.stack([torch.cov(part.flatten(1), correction=0) for part in x])
    assert torch.allclose(covariance(x), expected, atol=1e-5)


def test_the_root_of_nothing_is_nothing() -> None:
    zero = torch.zeros(1, 3, 3, requires_grad=True)
    found = matrix_root(zero)
    found.sum().backward()
    assert torch.equal(found, torch.zeros(1, 3, 3))
    assert zero.grad is not None
    assert not zero.grad.isnan().any()


@pytest.mark.parametrize(
    ("size", "rows", "cols"),
    [((3, 4), (0, 3), (0, 4)), ((9, 4), (2, 7), (0, 4)), ((8, 10), (1, 6), (2, 7))],
)
def test_the_middle(size: tuple[int, int], rows: tuple[int, int], cols: tuple[int, int]) -> None:
    x = torch.rand(1, 1, *size)
    assert torch.equal(middle(x, 5), x[:, :, slice(*rows), slice(*cols)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 66}, "width must be a multiple of 8, got 66"),
        ({"squeeze_factor": 65}, "squeeze_factor must be at most width 64, got 65"),
    ],
)
def test_wrong_configurations(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SANConfig(**changes)
