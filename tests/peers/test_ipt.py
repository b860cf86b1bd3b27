"""IPT against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, fold, layer_norm, linear, pixel_shuffle, relu, unfold

from hatsr.peers import IPTConfig


def conv(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".weight"]
    return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)


def dense(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"])


def attend(w: dict[str, Tensor], name: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Two heads, one after the other."""
    q, k, v = (
        x @ m.t() for x, m in zip((q, k, v), w[name + ".in_proj_weight"].chunk(3), strict=True)
    )
    heads = []
    for qh, kh, vh in zip(q.chunk(2, -1), k.chunk(2, -1), v.chunk(2, -1), strict=True):
        scores = qh @ kh.transpose(1, 2) / qh.shape[-1] ** 0.5
        heads.append(scores.softmax(-1) @ vh)
    return torch.cat(heads, -1) @ w[name + ".out_proj.weight"].t()


def transformer(w: dict[str, Tensor], x: Tensor, task: int) -> Tensor:
    def mlp(name: str, x: Tensor) -> Tensor:
        return dense(w, name + "linear2", relu(dense(w, name + "linear1", x)))

    x = unfold(x, 2, stride=2).transpose(1, 2)
    x = dense(w, "body.linear_encoding", x) + x
    query = w["body.query_embed.weight"][task].view(1, x.shape[1], -1)
    x = x + w["body.position_encoding.pe.weight"]
    for i in range(2):
        name = f"body.encoder.layers.{i}."
        y = norm(w, name + "norm1", x)
        x = x + attend(w, name + "self_attn", y, y, y)
        x = x + mlp(name, norm(w, name + "norm2", x))
    memory = x
    for i in range(2):
        name = f"body.decoder.layers.{i}."
        y = norm(w, name + "norm1", x)
        x = x + attend(w, name + "self_attn", y + query, y + query, y)
        y = norm(w, name + "norm2", x)
        x = x + attend(w, name + "multihead_attn", y + query, memory, memory)
        x = x + mlp(name, norm(w, name + "norm3", x))
    x = dense(w, "body.mlp_head.3", relu(dense(w, "body.mlp_head.0", x))) + x
    return fold(x.transpose(1, 2), (8, 8), 2, stride=2)


def forward(w: dict[str, Tensor], x: Tensor, task: int, scale: int) -> Tensor:
    """One crop."""
    x = conv(w, f"head.{task}.0", conv(w, "sub_mean", x * 255))
    for i in (1, 2):
        name = f"head.{task}.{i}.body."
        x = conv(w, name + "2", relu(conv(w, name + "0", x))) + x
    x = transformer(w, x, task) + x
    if scale > 1:
        x = pixel_shuffle(conv(w, f"tail.{task}.0.0", x), 3 if scale == 3 else 2)
    if scale == 4:
        x = pixel_shuffle(conv(w, f"tail.{task}.0.2", x), 2)
    return conv(w, "add_mean", conv(w, f"tail.{task}.1", x)) / 255


@pytest.mark.parametrize(("scale", "task"), [(2, 0), (3, 1), (4, 2), (1, 3)])
def test_as_the_authors_program(scale: int, task: int) -> None:
    network = tiny_peer("ipt", scale=scale)
    lr = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        expected = forward(official(network), lr, task, scale)
        assert (network(lr) - expected).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 8}, r"tasks must be scales, 8 too, got \(2, 3, 4, 1, 1, 1\)"),
        ({"queries": 2}, "queries must be more than task number 2, got 2"),
        ({"crop": 46}, "crop must be a multiple of 4, got 46"),
        ({"crop": 44}, "crop must be a multiple of 3, got 44"),
        ({"heads": 7}, r"heads must be a divisor of width \* token\*\*2 = 576, got 7"),
    ],
)
def test_wrong_configurations(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IPTConfig(**changes)
