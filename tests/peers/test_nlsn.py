"""NLSN against the steps of the authors' program, pixel by pixel."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu

from hatsr.peers import NLSNConfig
from hatsr.peers.nlsn import SparseAttention


def attend(keys: Tensor, values: Tensor, turned: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    """One picture and one hash: every pixel of every chunk, in loops."""
    count = len(keys)
    codes = torch.cat((turned, -turned), 1).argmax(1)
    order = [i for _, i in sorted((int(code), i) for i, code in enumerate(codes))]
    chunks = [order[i : i + chunk] for i in range(0, count, chunk)]
    missing = chunk - len(chunks[-1])
    chunks[-1] = chunks[-1] + order[count - missing :] if missing else chunks[-1]
    result, logit = torch.zeros_like(values), torch.zeros(count)
    for n, queries in enumerate(chunks):
        seen = [*queries, *chunks[n - 1], *chunks[(n + 1) % len(chunks)]]
        for place, i in enumerate(queries):
            if n * chunk + place >= count:
                continue
            lengths = keys[seen].norm(dim=1, keepdim=True).clamp(min=5e-5)
            scores = (keys[seen] / lengths) @ keys[i]
            logit[i] = scores.exp().sum().log()
            result[i] = scores.softmax(0) @ values[seen]
    return result, logit


def forward(w: dict[str, Tensor], x: Tensor, buckets: int) -> Tensor:
    def conv(name: str, x: Tensor) -> Tensor:
        weight = w[name + ".weight"]
        return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)

    def attention(name: str, x: Tensor) -> Tensor:
        keys = conv(name + ".conv_match.0", x).flatten(2).transpose(1, 2)
        values = conv(name + ".conv_assembly.0", x).flatten(2).transpose(1, 2)
        drawn = torch.randn(2, 2, buckets // 2, generator=torch.Generator().manual_seed(0))
        out = []
        for k, v in zip(keys, values, strict=True):
            parts = [attend(k, v, k @ drawn[:, j], 9) for j in range(2)]
            weights = torch.softmax(torch.stack([logit for _, logit in parts]), 0)
            out.append(sum(weights[j, :, None] * parts[j][0] for j in range(2)))
        return torch.stack(out).transpose(1, 2).reshape(x.shape) * 0.1 + x

    head = conv("head.0", conv("sub_mean", x))
    x = attention("body.0", head)
    for first in (1, 4):
        for i in (first, first + 1):
            x = conv(f"body.{i}.body.2", relu(conv(f"body.{i}.body.0", x))) * 0.1 + x
        x = attention(f"body.{first + 2}", x)
    x = conv("body.7", x) + head
    x = pixel_shuffle(conv("tail.0.0", x), 2)
    return conv("add_mean", conv("tail.1", pixel_shuffle(conv("tail.0.2", x), 2)))


@pytest.mark.parametrize(("height", "width", "buckets"), [(9, 8, 8), (7, 5, 4), (3, 3, 2)])
def test_as_the_authors_program(height: int, width: int, buckets: int) -> None:
    network = tiny_peer("nlsn")
    lr = torch.rand(2, 3, height, width)
    with torch.no_grad():
        expected = forward(official(network), lr, buckets)
        assert (network(lr) - expected).abs().max() < 1e-4


def test_a_picture_has_one_result_and_training_draws_anew() -> None:
    network = tiny_peer("nlsn")
    lr = torch.rand(1, 3, 12, 12)
    with torch.no_grad():
        assert torch.equal(network(lr), network(lr))
        network.train()
        assert not torch.equal(network(lr), network(lr))


def test_fewer_pixels_than_a_chunk_all_see_each_other() -> None:
    torch.manual_seed(0)
    attention = SparseAttention(NLSNConfig(width=8, residual_scale=1.0)).eval()
    x = torch.randn(1, 8, 5, 4)
    with torch.no_grad():
        keys = attention.match(x).flatten(2)[0].t()
        values = attention.assemble(x).flatten(2)[0].t()
        scores = keys @ (keys / keys.norm(dim=1, keepdim=True)).t()
        expected = x + (scores.softmax(1) @ values).t().reshape(1, 8, 5, 4)
        assert torch.allclose(attention(x), expected, atol=1e-5)


def test_wrong_configurations() -> None:
    with pytest.raises(ValueError, match="width must be a multiple of 4, got 30"):
        NLSNConfig(width=30)
