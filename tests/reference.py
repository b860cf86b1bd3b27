"""An independent, literal forward of the official tensor layout, one operation after the other."""

import torch
import torch.nn.functional as F
from torch import Tensor


def _conv(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.conv2d(
        x, t[name + ".weight"], t[name + ".bias"], padding=t[name + ".weight"].shape[-1] // 2
    )


def _linear(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.linear(x, t[name + ".weight"], t.get(name + ".bias"))


def _norm(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], t[name + ".weight"], t[name + ".bias"])


def _mlp(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return _linear(t, name + ".fc2", F.gelu(_linear(t, name + ".fc1", x)))


def _windows(x: Tensor, m: int) -> list[tuple[int, int, Tensor]]:
    _, h, w, _ = x.shape
    return [(i, j, x[:, i : i + m, j : j + m]) for i in range(0, h, m) for j in range(0, w, m)]


def _attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, heads: int) -> Tensor:
    """One window: q is n c, k and v are k c, bias is heads n k."""
    d = q.shape[1] // heads
    out = []
    for head in range(heads):
        part = slice(head * d, (head + 1) * d)
        scores = (q[:, part] * d**-0.5) @ k[:, part].t() + bias[head]
        out.append(scores.softmax(-1) @ v[:, part])
    return torch.cat(out, 1)


def _self_attention(t: dict[str, Tensor], name: str, x: Tensor, m: int, shift: int) -> Tensor:
    _, h, w, c = x.shape
    table = t[name + ".relative_position_bias_table"]
    heads = table.shape[1]
    bias = torch.empty(heads, m * m, m * m)
    for a in range(m * m):
        for b in range(m * m):
            dy, dx = a // m - b // m + m - 1, a % m - b % m + m - 1
            bias[:, a, b] = table[dy * (2 * m - 1) + dx]
    label = torch.zeros(h, w)
    edges = [(0, -m), (-m, -shift), (-shift, None)]
    for number, (rows, cols) in enumerate((r, s) for r in edges for s in edges):
        label[slice(*rows), slice(*cols)] = number
    if shift:
        x = torch.roll(x, (-shift, -shift), (1, 2))
    out = torch.empty_like(x)
    for i, j, window in _windows(x, m):
        qkv = _linear(t, name + ".qkv", window.reshape(m * m, c))
        extra = torch.zeros(m * m, m * m)
        if shift:
            group = label[i : i + m, j : j + m].reshape(-1)
            extra = torch.where(group[:, None] == group[None], 0.0, -100.0)
        got = _attention(qkv[:, :c], qkv[:, c : 2 * c], qkv[:, 2 * c :], bias + extra, heads)
        out[:, i : i + m, j : j + m] = _linear(t, name + ".proj", got).view(1, m, m, c)
    return torch.roll(out, (shift, shift), (1, 2)) if shift else out


def _overlapping(t: dict[str, Tensor], name: str, x: Tensor, m: int, big: int) -> Tensor:
    c = x.shape[-1]
    table = t[name + ".relative_position_bias_table"]
    heads, margin = table.shape[1], (big - m) // 2
    bias = torch.empty(heads, m * m, big * big)
    for a in range(m * m):
        for b in range(big * big):
            dy, dx = b // big - a // m + m - big + 1, b % big - a % m + m - big + 1
            bias[:, a, b] = table[dy * (m + big - 1) + dx]
    qkv = _linear(t, name + ".qkv", x)
    kv = F.pad(qkv[..., c:], (0, 0, margin, margin, margin, margin))
    out = torch.empty_like(x)
    for i, j, window in _windows(qkv[..., :c], m):
        keys = kv[0, i : i + big, j : j + big].reshape(big * big, 2 * c)
        got = _attention(window.reshape(m * m, c), keys[:, :c], keys[:, c:], bias, heads)
        out[:, i : i + m, j : j + m] = got.view(1, m, m, c)
    return _linear(t, name + ".proj", out)


def _cab(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    y = _conv(t, name + ".2", F.gelu(_conv(t, name + ".0", x.permute(0, 3, 1, 2))))
    gate = F.adaptive_avg_pool2d(y, 1)
    gate = _conv(t, name + ".3.attention.3", F.relu(_conv(t, name + ".3.attention.1", gate)))
    return (y * torch.sigmoid(gate)).permute(0, 2, 3, 1)


def _closing(t: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    x = x.permute(0, 3, 1, 2)
    if name + ".0.weight" in t:
        x = F.leaky_relu(_conv(t, name + ".0", x), 0.2)
        x = _conv(t, name + ".4", F.leaky_relu(_conv(t, name + ".2", x), 0.2))
    elif name + ".weight" in t:
        x = _conv(t, name, x)
    return x.permute(0, 2, 3, 1)


def forward(t: dict[str, Tensor], lr: Tensor, m: int, big: int, tail: str, scale: int) -> Tensor:
    """SR of an official HAT or SwinIR state dict; sizes are multiples of the window m."""
    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    x0 = lr - mean
    first = _conv(t, "conv_first", x0).permute(0, 2, 3, 1)
    x = _norm(t, "patch_embed.norm", first) if "patch_embed.norm.weight" in t else first
    g = 0
    while f"layers.{g}.residual_group.blocks.0.norm1.weight" in t:
        group, residual, i = f"layers.{g}.residual_group", x, 0
        while f"{group}.blocks.{i}.norm1.weight" in t:
            block = f"{group}.blocks.{i}"
            normed = _norm(t, block + ".norm1", x)
            shift = m // 2 if i % 2 else 0
            y = x + _self_attention(t, block + ".attn", normed, m, shift)
            if block + ".conv_block.cab.0.weight" in t:
                y = y + 0.01 * _cab(t, block + ".conv_block.cab", normed)
            x = y + _mlp(t, block + ".mlp", _norm(t, block + ".norm2", y))
            i += 1
        if group + ".overlap_attn.qkv.weight" in t:
            over = group + ".overlap_attn"
            x = x + _overlapping(t, over, _norm(t, over + ".norm1", x), m, big)
            x = x + _mlp(t, over + ".mlp", _norm(t, over + ".norm2", x))
        x = _closing(t, f"layers.{g}.conv", x) + residual
        g += 1
    x = _closing(t, "conv_after_body", _norm(t, "norm", x)) + first
    x = x.permute(0, 3, 1, 2)
    return _reconstruct(t, x, x0, tail, scale) + mean


def _reconstruct(t: dict[str, Tensor], x: Tensor, x0: Tensor, tail: str, scale: int) -> Tensor:
    if tail == "pixelshuffle-direct":
        return F.pixel_shuffle(_conv(t, "upsample.0", x), scale)
    if tail == "residual":
        return x0 + _conv(t, "conv_last", x)
    x = F.leaky_relu(_conv(t, "conv_before_upsample.0", x), 0.01)
    if tail == "nearest-conv":
        for name in ("conv_up1", "conv_up2")[: scale // 2]:
            x = F.leaky_relu(_conv(t, name, F.interpolate(x, scale_factor=2)), 0.2)
        return _conv(t, "conv_last", F.leaky_relu(_conv(t, "conv_hr", x), 0.2))
    for i in range(0, 8, 2):
        if f"upsample.{i}.weight" in t:
            x = F.pixel_shuffle(_conv(t, f"upsample.{i}", x), 3 if scale == 3 else 2)
    return _conv(t, "conv_last", x)
