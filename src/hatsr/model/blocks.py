"""The boxes of figure 4, small to large. Features are b h w c."""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from hatsr.model.attention import attend
from hatsr.model.config import HATConfig
from hatsr.model.windows import overlapping_relative_position_index, relative_position_index

Features = Float[Tensor, "b h w c"]


def conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def separable_conv(inputs: int, outputs: int) -> nn.Sequential:
    """A depth-wise 3 x 3 convolution, then 1 x 1 to the new width."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs), nn.Conv2d(inputs, outputs, 1)
    )


class DropPath(nn.Module):
    """Stochastic depth: in training, drop a residual branch for whole samples."""

    def __init__(self, rate: int | float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Features) -> Features:
        """Zero each sample with probability `rate`, scale the others to keep the mean."""
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand(x.shape[0], 1, 1, 1, device=x.device, dtype=x.dtype) >= self.rate
        return x * (keep / (1 - self.rate))


class ChannelAttention(nn.Module):
    """Factors of channels, a function of their means over the picture (section 3.2.2)."""

    def __init__(self, width: int, squeeze_factor: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, width // squeeze_factor)
        self.excite = nn.Linear(width // squeeze_factor, width)

    def reset_parameters(self) -> None:
        """Torch's default for the 1 x 1 convolutions that the layers stand for.

        The weights that a network draws afterwards from its seed do not depend on it.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (), device="cpu")))
            self.squeeze.reset_parameters()
            self.excite.reset_parameters()

    def gate(self, mean: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
        """Factors in (0, 1) from the pooled means."""
        return self.excite(self.squeeze(mean).relu()).sigmoid()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 1 1"]:
        """The factor of each channel of each picture."""
        return self.gate(x.mean(dim=(2, 3)))[:, :, None, None]


class CAB(nn.Module):
    """Channel attention block: squeeze to C / beta, expand, channel attention, times alpha."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        conv = separable_conv if config.depthwise_cab else conv3x3
        width = config.embed_dim
        self.compress = conv(width, width // config.compress_ratio)
        self.activation = nn.GELU()
        self.expand = conv(width // config.compress_ratio, width)
        self.attention = (
            ChannelAttention(width, config.squeeze_factor) if config.channel_attention else None
        )
        self.alpha = config.conv_scale

    def forward(self, x: Features) -> Features:
        """Features to features of the same shape."""
        y = self.expand(self.activation(self.compress(rearrange(x, "b h w c -> b c h w"))))
        gain = self.alpha if self.attention is None else self.alpha * self.attention(y)
        return rearrange(y * gain, "b c h w -> b h w c")


class MLP(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.embed_dim, config.mlp_hidden)
        self.activation = nn.GELU()
        self.fc2 = nn.Linear(config.mlp_hidden, config.embed_dim)

    def forward(self, x: Features) -> Features:
        """Features to features of the same shape."""
        return self.fc2(self.activation(self.fc1(x)))


def relative_position_bias(
    table: Float[Tensor, "positions heads"], index: Int[Tensor, "q k"]
) -> Float[Tensor, "heads q k"]:
    """Look the bias B of equation 2 up in its table, for each head, query and key."""
    return table.t().index_select(1, index.flatten()).unflatten(1, index.shape)


class WindowAttention(nn.Module):
    """(Shifted) window multi-head self-attention, (S)W-MSA."""

    index: Int[Tensor, "q q"]

    def __init__(self, config: HATConfig, heads: int, shift: int) -> None:
        super().__init__()
        self.size, self.shift = config.window_size, shift
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim, bias=config.qkv_bias)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)
        self.bias_table = nn.Parameter(torch.zeros((2 * self.size - 1) ** 2, heads))
        nn.init.trunc_normal_(self.bias_table, std=0.02)
        self.reset_tables()

    def reset_tables(self) -> None:
        """Compute what is not learned (a network made on the meta device lacks it)."""
        index = relative_position_index(self.size).to(self.bias_table.device)
        self.register_buffer("index", index, persistent=False)

    def bias(self) -> Float[Tensor, "heads q q"]:
        """The relative position bias B."""
        return relative_position_bias(self.bias_table, self.index)

    def forward(self, x: Features) -> Features:
        """Same shape out; height and width are multiples of the window."""
        return self.proj(attend(self.qkv(x), self.bias(), window=self.size, shift=self.shift))


class OverlappingAttention(nn.Module):
    """Overlapping cross-attention, OCA: keys and values from larger windows (figure 5)."""

    index: Int[Tensor, "q k"]

    def __init__(self, config: HATConfig, heads: int) -> None:
        super().__init__()
        self.size, self.overlap_size = config.window_size, config.overlap_size
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim, bias=config.qkv_bias)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)
        rows = (self.size + self.overlap_size - 1) ** 2
        self.bias_table = nn.Parameter(torch.zeros(rows, heads))
        nn.init.trunc_normal_(self.bias_table, std=0.02)
        self.reset_tables()

    def reset_tables(self) -> None:
        """Compute what is not learned (a network made on the meta device lacks it)."""
        index = overlapping_relative_position_index(self.size, self.overlap_size)
        index = (index % len(self.bias_table)).to(self.bias_table.device)
        self.register_buffer("index", index, persistent=False)

    def bias(self) -> Float[Tensor, "heads q k"]:
        """The relative position bias B."""
        return relative_position_bias(self.bias_table, self.index)

    def forward(self, x: Features) -> Features:
        """Same shape out. Keys and values outside the picture are zeros and take part."""
        overlap = self.overlap_size - self.size
        return self.proj(attend(self.qkv(x), self.bias(), window=self.size, overlap=overlap))


class HAB(nn.Module):
    """Hybrid attention block (equation 1); without CAB a Swin Transformer block."""

    def __init__(self, config: HATConfig, heads: int, shift: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim)
        self.attention = WindowAttention(config, heads, shift)
        self.cab = CAB(config) if config.cab else None
        self.norm2 = nn.LayerNorm(config.embed_dim)
        self.mlp = MLP(config)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Features) -> Features:
        """Features to features of the same shape."""
        normed = self.norm1(x)
        x = x + self.drop_path(self.attention(normed))
        if self.cab is not None:
            x = x + self.cab(normed)
        return x + self.drop_path(self.mlp(self.norm2(x)))


class OCAB(nn.Module):
    """Overlapping cross-attention block (section 3.2.3)."""

    def __init__(self, config: HATConfig, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim)
        self.attention = OverlappingAttention(config, heads)
        self.norm2 = nn.LayerNorm(config.embed_dim)
        self.mlp = MLP(config)

    def forward(self, x: Features) -> Features:
        """Features to features of the same shape."""
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))
