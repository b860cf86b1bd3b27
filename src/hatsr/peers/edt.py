"""EDT (Li et al. 2022): attention in flat and upright windows; a head and a tail for each task.

Heads and tails are convolutions on b c h w; features of the body are b h w c.
"""

from dataclasses import dataclass
from math import lcm

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate, leaky_relu

from hatsr.model.blocks import DropPath, conv3x3
from hatsr.model.fields import require
from hatsr.model.network import RGB_MEAN, convolve
from hatsr.model.tails import STEPS, DirectTail
from hatsr.model.windows import pad_to_multiple
from hatsr.peers.edsr import ShuffleTail
from hatsr.peers.parts.checks import check_fields
from hatsr.peers.parts.strip_attention import StripAttention

_SLOPE = 0.2  # of the leaky ReLUs


@dataclass(frozen=True, kw_only=True, slots=True)
class EDTConfig:
    """Every hyper-parameter of EDT; the defaults are EDT-B at x4 (Table 1 of EDT).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3 or 4."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    embed_dim: int = 180
    """Width C of the body's features."""
    depths: tuple[int, ...] = (6,) * 6
    """Blocks in each stage of the body."""
    heads: int = 6
    """Attention heads of each kind of windows."""
    window_short: int = 6
    """Shorter side of the windows, LR pixels."""
    window_long: int = 24
    """Longer side of the windows, LR pixels."""
    mlp_ratio: int = 2
    """Hidden width of an MLP over C."""
    num_feat: int = 32
    """Width after the first convolution; each level of a head doubles it."""
    levels: int = 2
    """Residual blocks of a head, each with a counterpart in the tail."""
    direct: bool = False
    """The tail ends in one convolution and one pixel shuffle (EDT-T)."""
    tasks: tuple[int, ...] = ()
    """Enlargement factors that there are heads and tails for; none: `scale` alone."""
    drop_path: float = 0.1
    """Stochastic depth of the last block in training; rises linearly from 0."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, (2, 3, 4))
        fits = len(self.depths) > 0 and min(self.depths) >= 1
        require(fits, "depths", "a non-empty tuple of numbers >= 1", self.depths)
        fits = self.embed_dim % (2 * self.heads) == 0
        rule = f"such that embed_dim {self.embed_dim} is a multiple of 2 * heads"
        require(fits, "heads", rule, self.heads)
        known = self.scale in self.scales and all(task in STEPS for task in self.scales)
        require(known, "tasks", f"scales, {self.scale} too, or none", self.tasks)
        require(0 <= self.drop_path < 1, "drop_path", "in [0, 1)", self.drop_path)

    @property
    def scales(self) -> tuple[int, ...]:
        """Enlargement factors that there are heads and tails for."""
        return self.tasks or (self.scale,)

    @property
    def depth(self) -> int:
        """Blocks of the body."""
        return sum(self.depths)


EDT_PRESETS = {
    "edt-b": EDTConfig(),
    "edt-t": EDTConfig(embed_dim=60, depths=(6,) * 4, num_feat=8, direct=True),
    "edt-s": EDTConfig(embed_dim=120, depths=(6,) * 5, num_feat=16),
    "edt-l": EDTConfig(embed_dim=240, depths=(6,) * 12, heads=8, num_feat=64),
    "edt-tiny": EDTConfig(
        embed_dim=32, depths=(2, 2), heads=2, window_short=4, window_long=8, num_feat=8
    ),
}
"""The published sizes, and one that a CPU can train."""


class ShortcutBlock(nn.Module):
    """Two convolutions with leaky ReLUs, and a 1 x 1 convolution beside them."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv3x3(inputs, hidden), conv3x3(hidden, outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """Features of another width."""
        y = leaky_relu(self.conv2(leaky_relu(self.conv1(x), _SLOPE)), _SLOPE)
        return y + self.shortcut(x)


class EDTHead(nn.Module):
    """From a picture to features of the body's width, and those of each level on the way."""

    def __init__(self, config: EDTConfig) -> None:
        super().__init__()
        widths = [config.num_feat * 2**i for i in range(config.levels + 1)]
        self.first = conv3x3(config.channels, widths[0])
        self.levels = nn.ModuleList(ShortcutBlock(width, width, 2 * width) for width in widths[:-1])
        self.last = conv3x3(widths[-1], config.embed_dim)

    def forward(
        self, x: Float[Tensor, "b rgb h w"]
    ) -> tuple[Float[Tensor, "b c h w"], list[Float[Tensor, "b _ h w"]]]:
        """Features, and those of the levels from first to last."""
        x, skips = self.first(x), []
        for level in self.levels:
            x = level(x)
            skips.append(x)
        return self.last(x), skips


class EDTMerge(nn.Module):
    """A level of a tail: brings in the features of the same level of the head."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv3x3(inputs, outputs)
        self.block = ShortcutBlock(2 * outputs, outputs, outputs)

    def forward(
        self, x: Float[Tensor, "b c h w"], skip: Float[Tensor, "b o h w"]
    ) -> Float[Tensor, "b o h w"]:
        """Features as wide as `skip`."""
        return self.block(torch.cat((self.conv(x), skip), dim=1))


class EDTTail(nn.Module):
    """From the body's features to what is added to the enlarged picture."""

    def __init__(self, config: EDTConfig, scale: int) -> None:
        super().__init__()
        widths = [config.num_feat * 2**i for i in range(config.levels, 0, -1)]
        self.merges = nn.ModuleList(
            EDTMerge(inputs, outputs)
            for inputs, outputs in zip((config.embed_dim, *widths), widths, strict=False)
        )
        end = DirectTail if config.direct else ShuffleTail
        self.end = end(widths[-1], config.channels, scale)

    def forward(
        self, x: Float[Tensor, "b c h w"], skips: list[Float[Tensor, "b _ h w"]]
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to a picture."""
        for merge, skip in zip(self.merges, reversed(skips), strict=True):
            x = merge(x, skip)
        return self.end(x)


class EDTBlock(nn.Module):
    """Half of the channels attend in flat windows, half in upright ones; then an MLP."""

    def __init__(self, config: EDTConfig, *, shifted: bool, drop_path: float) -> None:
        super().__init__()
        width, short, long = config.embed_dim, config.window_short, config.window_long
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.strips = nn.ModuleList(
            StripAttention(width // 2, config.heads, window, shifted=shifted)
            for window in ((short, long), (long, short))
        )
        self.mlp = ConvMLP(width, config.mlp_ratio)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        """Same shape out."""
        parts = [t.chunk(2, dim=-1) for t in self.qkv(self.norm1(x)).chunk(3, dim=-1)]
        halves = [strip(*(part[i] for part in parts)) for i, strip in enumerate(self.strips)]
        x = x + self.drop_path(self.proj(torch.cat(halves, dim=-1)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class ConvMLP(nn.Module):
    """Two linear layers with a depth-wise 5 x 5 convolution between; GELU before and after it."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        hidden = ratio * width
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.conv = nn.Conv2d(hidden, hidden, 5, padding=2, groups=hidden)

    def forward(self, x: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        """Same shape out."""
        return self.fc2(gelu(convolve(self.conv, gelu(self.fc1(x)))))


class EDTStage(nn.Module):
    """Blocks and a residual; the windows of every other block are shifted."""

    def __init__(self, config: EDTConfig, drop_path: list[float]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                EDTBlock(config, shifted=i % 2 == 1, drop_path=rate)
                for i, rate in enumerate(drop_path)
            )
        )

    def forward(self, x: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        """Same shape out."""
        return self.blocks(x) + x


class EDT(nn.Module):
    """Heads, the body, tails; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped. All tasks' heads and tails are kept; one is run.
    """

    feature_axes = "b h w c"

    def __init__(self, config: EDTConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels = config.scale, config.channels
        self.multiple = lcm(config.window_short, config.window_long)
        rates = torch.linspace(0, config.drop_path, config.depth, device="cpu").split(config.depths)
        self.heads = nn.ModuleDict({f"x{s}": EDTHead(config) for s in config.scales})
        self.embed_norm, self.norm = (nn.LayerNorm(config.embed_dim) for _ in range(2))
        self.stages = nn.Sequential(*(EDTStage(config, part.tolist()) for part in rates))
        self.body_conv = conv3x3(config.embed_dim, config.embed_dim)
        self.tails = nn.ModuleDict({f"x{s}": EDTTail(config, s) for s in config.scales})
        self.apply(_initialise)
        for s in config.scales:
            self.heads[f"x{s}"].requires_grad_(s == config.scale)
            self.tails[f"x{s}"].requires_grad_(s == config.scale)

    def feature_modules(self) -> list[nn.Module]:
        """The stages of the body."""
        return list(self.stages)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        h, w = (side * self.scale for side in lr.shape[-2:])
        mean = lr.new_tensor(RGB_MEAN if self.channels == 3 else (0.0,))[:, None, None]
        x = pad_to_multiple(lr, self.multiple) - mean
        shallow, skips = self.heads[f"x{self.scale}"](x)
        body = self.norm(self.stages(self.embed_norm(rearrange(shallow, "b c h w -> b h w c"))))
        deep = self.body_conv(rearrange(body, "b h w c -> b c h w")) + shallow
        sr = self.tails[f"x{self.scale}"](deep, skips)
        enlarged = interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return (sr + enlarged + mean)[:, :, :h, :w]


def _initialise(module: nn.Module) -> None:
    """Truncated normals for linear layers, as in Swin; convolutions keep torch's default."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
