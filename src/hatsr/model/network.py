"""RHAG and the whole network, as figure 4 draws it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu
from torch.utils.checkpoint import checkpoint

from hatsr.model.blocks import (
    HAB,
    OCAB,
    ChannelAttention,
    Features,
    OverlappingAttention,
    WindowAttention,
    conv3x3,
)
from hatsr.model.config import HATConfig
from hatsr.model.windows import pad_to_multiple

RGB_MEAN = (0.4488, 0.4371, 0.4040)
"""Subtracted from RGB input and added to the output; the mean of DIV2K."""


def group_conv(config: HATConfig) -> nn.Module:
    """The convolution that closes an RHAG and the body."""
    width = config.embed_dim
    if config.group_conv == "identity":
        return nn.Identity()
    if config.group_conv == "1conv":
        return conv3x3(width, width)
    return nn.Sequential(
        conv3x3(width, width // 4),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width // 4, width // 4, 1),
        nn.LeakyReLU(0.2),
        conv3x3(width // 4, width),
    )


def convolve(conv: nn.Module, x: Features) -> Features:
    """Run a b c h w module on b h w c features."""
    return rearrange(conv(rearrange(x, "b h w c -> b c h w")), "b c h w -> b h w c")


class RHAG(nn.Module):
    """Residual hybrid attention group: HABs, an OCAB, a convolution, a residual."""

    def __init__(self, config: HATConfig, group: int, drop_path: list[float]) -> None:
        super().__init__()
        heads, odd_shift = config.heads[group], config.window_size // 2
        self.blocks = nn.ModuleList(
            HAB(config, heads, shift=odd_shift * (i % 2), drop_path=rate)
            for i, rate in enumerate(drop_path)
        )
        self.ocab = OCAB(config, heads) if config.ocab else None
        self.conv = group_conv(config)
        self.activation_checkpointing = False

    def forward(self, x: Features) -> Features:
        """Same shape out."""
        y = x
        for block in [*self.blocks, self.ocab]:
            if block is None:
                continue
            if self.activation_checkpointing and torch.is_grad_enabled():
                y = checkpoint(block, y, use_reentrant=False)
            else:
                y = block(y)
        return convolve(self.conv, y) + x


class PixelShuffleTail(nn.Module):
    """Convolution, pixel-shuffle steps (x2s, or one x3), convolution."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        width = config.num_feat
        factors = [3] if config.scale == 3 else [2] * (config.scale.bit_length() - 1)
        self.before = conv3x3(config.embed_dim, width)
        self.steps = nn.ModuleList(
            nn.Sequential(conv3x3(width, width * f * f), nn.PixelShuffle(f)) for f in factors
        )
        self.last = conv3x3(width, config.channels)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to SR."""
        x = leaky_relu(self.before(x), 0.01)
        for step in self.steps:
            x = step(x)
        return self.last(x)


class DirectTail(nn.Sequential):
    """One convolution and one pixel shuffle (lightweight networks)."""

    def __init__(self, config: HATConfig) -> None:
        outputs = config.channels * config.scale**2
        super().__init__(conv3x3(config.embed_dim, outputs), nn.PixelShuffle(config.scale))


class NearestTail(nn.Module):
    """Nearest-neighbour doubling with convolutions between (real-world SwinIR)."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        width = config.num_feat
        self.before = conv3x3(config.embed_dim, width)
        self.steps = nn.ModuleList(conv3x3(width, width) for _ in range(config.scale // 2))
        self.final = conv3x3(width, width)
        self.last = conv3x3(width, config.channels)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Features to SR."""
        x = leaky_relu(self.before(x), 0.01)
        for step in self.steps:
            x = leaky_relu(step(interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.last(leaky_relu(self.final(x), 0.2))


TAILS = {
    "pixelshuffle": PixelShuffleTail,
    "pixelshuffle-direct": DirectTail,
    "nearest-conv": NearestTail,
    "residual": lambda config: conv3x3(config.embed_dim, config.channels),
}


class HAT(nn.Module):
    """The Hybrid Attention Transformer (figure 4), and SwinIR as its ablation.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    mean: Float[Tensor, "1 c 1 1"]

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        self.config = config
        rates = torch.linspace(0, config.drop_path, sum(config.depths), device="cpu").tolist()
        first = [sum(config.depths[:g]) for g in range(len(config.depths))]
        self.reset_tables()
        self.shallow = conv3x3(config.channels, config.embed_dim)
        self.embed_norm = nn.LayerNorm(config.embed_dim) if config.patch_norm else nn.Identity()
        self.groups = nn.ModuleList(
            RHAG(config, g, rates[first[g] : first[g] + depth])
            for g, depth in enumerate(config.depths)
        )
        self.norm = nn.LayerNorm(config.embed_dim)
        self.body_conv = group_conv(config)
        self.tail = TAILS[config.tail](config)
        self.apply(_initialise)

    def reset_tables(self) -> None:
        """Compute what is not learned (a network made on the meta device lacks it)."""
        mean = RGB_MEAN if self.config.channels == 3 else (0.0,)
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        for module in self.modules():
            if isinstance(module, WindowAttention | OverlappingAttention):
                module.reset_tables()

    def use_activation_checkpointing(self, enabled: bool = True) -> None:
        """Recompute each block in the backward pass instead of keeping its activations."""
        for module in self.modules():
            if isinstance(module, RHAG):
                module.activation_checkpointing = enabled

    def deep_features(self, shallow: Features) -> Features:
        """The body without its closing convolution: RHAGs and the last norm."""
        x = self.embed_norm(shallow)
        for group in self.groups:
            x = group(x)
        return self.norm(x)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        scale, (h, w) = self.config.scale, lr.shape[-2:]
        padded = pad_to_multiple(lr, self.config.window_size)
        x = (padded - self.mean) * self.config.img_range
        # In mixed precision the residual features and the tail keep the precision of the picture.
        shallow = rearrange(self.shallow(x), "b c h w -> b h w c").to(x.dtype)
        deep = convolve(self.body_conv, self.deep_features(shallow)) + shallow
        with _full_precision(lr.device):
            sr = self.tail(rearrange(deep, "b h w c -> b c h w"))
        if self.config.tail == "residual":
            sr = sr + x
        return (sr / self.config.img_range + self.mean)[:, :, : h * scale, : w * scale]


def _full_precision(device: torch.device) -> AbstractContextManager[object]:
    """No mixed precision, where the device has any."""
    known = device.type in ("cpu", "cuda")
    return torch.autocast(device.type, enabled=False) if known else nullcontext()


def _initialise(module: nn.Module) -> None:
    """Truncated normals for linear layers, as in Swin; convolutions keep torch's default.

    Those of channel attention stand for 1 x 1 convolutions: they get the default back, after their
    own turn (torch visits what is inside first).
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, ChannelAttention):
        with torch.random.fork_rng(devices=[]):  # all other weights of a seed stay as they were
            torch.manual_seed(int(torch.randint(2**31, (), device="cpu")))
            module.squeeze.reset_parameters()
            module.excite.reset_parameters()
