"""RHAG and the whole network, as figure 4 draws it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
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
from hatsr.model.tails import make_tail
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
        """Features to features of the same shape."""
        y = x
        for block in [*self.blocks, self.ocab]:
            if block is None:
                continue
            if self.activation_checkpointing and torch.is_grad_enabled():
                y = checkpoint(block, y, use_reentrant=False)
            else:
                y = block(y)
        return convolve(self.conv, y) + x


class HAT(nn.Module):
    """The Hybrid Attention Transformer (figure 4), and SwinIR as its ablation; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    mean: Float[Tensor, "1 c 1 1"]

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        self.config = config
        rates = torch.linspace(0, config.drop_path, sum(config.depths), device="cpu").tolist()
        first = [sum(config.depths[:g]) for g in range(len(config.depths))]
        self.reset_tables()  # its own: the modules that follow compute theirs when they are made
        self.shallow = conv3x3(config.channels, config.embed_dim)
        self.embed_norm = nn.LayerNorm(config.embed_dim) if config.patch_norm else nn.Identity()
        self.groups = nn.ModuleList(
            RHAG(config, g, rates[first[g] : first[g] + depth])
            for g, depth in enumerate(config.depths)
        )
        self.norm = nn.LayerNorm(config.embed_dim)
        self.body_conv = group_conv(config)
        self.tail = make_tail(config)
        if not self.norm.weight.is_meta:  # there, no weights have values
            self.apply(_initialise)

    @property
    def scale(self) -> int:
        """Enlargement factor of both sides."""
        return self.config.scale

    @property
    def channels(self) -> int:
        """Colour channels of LR and SR."""
        return self.config.channels

    @property
    def multiple(self) -> int:
        """The window: what LR is padded to multiples of."""
        return self.config.window_size

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

    def share_body(self, other: "HAT") -> None:
        """Use the RHAGs, the last norm and the body's convolution of another network."""
        self.groups, self.norm, self.body_conv = other.groups, other.norm, other.body_conv

    def feature_modules(self) -> list[nn.Module]:
        """The RHAGs, after each of which figure 3 shows the features."""
        return list(self.groups)

    @property
    def feature_axes(self) -> str:
        """Order of the axes of an RHAG's output."""
        return "b h w c"

    @torch.no_grad()
    def become_interpolation(self, kernels: Float[Tensor, "phases 3 3"]) -> None:
        """Make the network equal to enlargement by 3 x 3 kernels.

        The first convolution passes the picture through in the first channels, the body's closing
        convolution starts at zero, the tail (one convolution and a pixel shuffle) interpolates.

        Args:
            kernels: by row and column of the SR pixel within its LR pixel; each sums to 1.

        Raises:
            ValueError: the tail or the body's closing convolution is another one.
        """
        config, colours, last = self.config, self.config.channels, self.body_conv
        tail = self.tail[0] if isinstance(self.tail, nn.Sequential) else None
        if not isinstance(last, nn.Conv2d) or not isinstance(tail, nn.Conv2d):
            raise ValueError(
                "interpolation must start from tail 'pixelshuffle-direct' and group_conv '1conv', "
                f"got {config.tail!r} and {config.group_conv!r}"
            )
        for tensor in (last.weight, last.bias, tail.weight, tail.bias, self.shallow.bias):
            if tensor is not None:
                tensor.zero_()
        self.shallow.weight[:colours] = 0
        outputs = tail.weight.view(colours, config.scale**2, config.embed_dim, 3, 3)
        for colour in range(colours):
            self.shallow.weight[colour, colour, 1, 1] = 1
            outputs[colour, :, colour] = kernels

    def shallow_features(self, x: Float[Tensor, "b rgb h w"]) -> Features:
        """The first convolution.

        Channels go last: in the other order that of a few channels takes a processor many times as
        long on large pictures, and rounds a part of a picture otherwise than the whole.
        """
        x = x.contiguous(memory_format=torch.channels_last)
        return rearrange(self.shallow(x), "b c h w -> b h w c")

    def body(self, shallow: Features) -> Features:
        """RHAGs and the last norm: the paper's deep features before their closing convolution."""
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
        shallow = self.shallow_features(x).to(x.dtype)
        deep = convolve(self.body_conv, self.body(shallow)) + shallow
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

    Channel attention has its own way, after that of its layers (torch visits what is inside first).
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, ChannelAttention):
        module.reset_parameters()
