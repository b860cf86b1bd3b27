"""EDT against the steps of the authors' program, window by window."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import (
    conv2d,
    gelu,
    interpolate,
    layer_norm,
    leaky_relu,
    linear,
    pixel_shuffle,
)

from hatsr.peers import EDTConfig

HEADS, MEAN = 2, torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]


def conv(w: dict[str, Tensor], name: str, x: Tensor, groups: int = 1) -> Tensor:
    weight = w[name + ".weight"]
    return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2, groups=groups)


def dense(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"])


def block(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    y = leaky_relu(conv(w, name + ".conv_1", x), 0.2)
    return leaky_relu(conv(w, name + ".conv_2", y), 0.2) + conv(w, name + ".shortcut", x)


def window(w: dict[str, Tensor], name: str, qkv: Tensor, regions: Tensor) -> Tensor:
    """One window: 3 y x c, and the region of each pixel."""
    _, rows, cols, c = qkv.shape
    q, k, v = (t.reshape(-1, c) for t in qkv)
    apart = (regions.flatten()[:, None] != regions.flatten()) * -100.0
    parts = []
    for qh, kh, vh in zip(q.chunk(HEADS, 1), k.chunk(HEADS, 1), v.chunk(HEADS, 1), strict=True):
        parts.append(((qh @ kh.t()) / qh.shape[1] ** 0.5 + apart).softmax(1) @ vh)
    local = conv(w, name + ".lepe", qkv[2].permute(2, 0, 1)[None], groups=c)[0]
    return torch.cat(parts, 1).view(rows, cols, c) + local.permute(1, 2, 0)


def strips(
    w: dict[str, Tensor], name: str, qkv: Tensor, size: tuple[int, int], shifted: bool
) -> Tensor:
    """One picture: 3 h w c."""
    _, height, width, _ = qkv.shape
    down, right = (size[0] // 2, size[1] // 2) if shifted else (0, 0)
    qkv = qkv.roll((-down, -right), (1, 2))
    row = (torch.arange(height) + down) // height  # 1 where rows have come around
    col = (torch.arange(width) + right) // width
    regions = 2 * row[:, None] + col
    out = torch.zeros_like(qkv[0])
    for top in range(0, height, size[0]):
        for left in range(0, width, size[1]):
            place = (slice(top, top + size[0]), slice(left, left + size[1]))
            out[place] = window(w, name, qkv[(slice(None), *place)], regions[place])
    return out.roll((down, right), (0, 1))


def transformer(w: dict[str, Tensor], x: Tensor) -> Tensor:
    """One picture: h w c."""
    x = norm(w, "body.patch_embed.norm", x)
    for stage in range(2):
        start = x
        for i in range(2):
            name = f"body.layers.{stage}.residual_group.blocks.{i}."
            qkv = torch.stack(dense(w, name + "qkv", norm(w, name + "norm1", x)).chunk(3, -1))
            flat, upright = qkv.chunk(2, -1)
            parts = (
                strips(w, name + "attns.0", flat, (2, 4), i == 1),
                strips(w, name + "attns.1", upright, (4, 2), i == 1),
            )
            x = x + dense(w, name + "proj", torch.cat(parts, -1))
            y = gelu(dense(w, name + "mlp.fc1", norm(w, name + "norm2", x))).permute(2, 0, 1)
            y = gelu(conv(w, name + "mlp.dwconv", y[None], groups=len(y))[0])
            x = x + dense(w, name + "mlp.fc2", y.permute(1, 2, 0))
        x = x + start
    return norm(w, "body.norm", x)


def forward(w: dict[str, Tensor], lr: Tensor, scale: int, direct: bool) -> Tensor:
    """One picture in a batch."""
    head, tail = f"head_sr_x{scale}.", f"tail_sr_x{scale}."
    first = block(w, head + "1", conv(w, head + "0", lr - MEAN))
    second = block(w, head + "2", first)
    shallow = conv(w, head + "3", second)
    x = transformer(w, shallow[0].permute(1, 2, 0)).permute(2, 0, 1)[None]
    x = conv(w, "body.conv_after_body", x) + shallow
    for i, skip in enumerate((second, first)):
        x = block(w, f"{tail}{i}.block", torch.cat((conv(w, f"{tail}{i}.conv", x), skip), 1))
    if direct:
        x = pixel_shuffle(conv(w, tail + "2.0", x), scale)
    else:
        x = pixel_shuffle(conv(w, tail + "2.0", x), 3 if scale == 3 else 2)
        if scale == 4:
            x = pixel_shuffle(conv(w, tail + "2.2", x), 2)
        x = conv(w, tail + "3", x)
    enlarged = interpolate(lr - MEAN, scale_factor=scale, mode="bilinear", align_corners=False)
    return x + enlarged + MEAN


@pytest.mark.parametrize(
    "changes",
    [{"scale": 2}, {"scale": 3}, {"scale": 4}, {"scale": 3, "direct": True}, {"tasks": (2, 4)}],
    ids=str,
)
def test_as_the_authors_program(changes: dict) -> None:
    network = tiny_peer("edt", **changes)
    lr = torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        expected = forward(official(network), lr, network.scale, changes.get("direct", False))
        assert (network(lr) - expected).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 7}, r"heads must be such that embed_dim 180 is a multiple of 2 \* heads, got 7"),
        ({"depths": ()}, r"depths must be a non-empty tuple of numbers >= 1, got \(\)"),
        ({"tasks": (2, 3)}, r"tasks must be scales, 4 too, or none, got \(2, 3\)"),
        ({"drop_path": 1.0}, r"drop_path must be in \[0, 1\), got 1\.0"),
    ],
)
def test_wrong_configurations(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EDTConfig(**changes)
