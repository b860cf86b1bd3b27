"""The boxes of figure 4, small to large. Features are b h w c."""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from hatsr.model.attention import attend
from hatsr.model.config import HATConfig
from hatsr.model.fused import Features, added_layer, added_mlp, gelu, normed_layer
from hatsr.model.windows import overlapping_relative_position_index, relative_position_index


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

    def shares(self, x: Features) -> Float[Tensor, " b"] | None:
        """Each sample's factor: 0 with probability `rate`, else what keeps the mean; None: 1."""
        if not self.training or self.rate == 0:
            return None
        return (torch.rand(len(x), device=x.device, dtype=x.dtype) >= self.rate) / (1 - self.rate)

    def forward(self, x: Features) -> Features:
        """The samples times their shares."""
        shares = self.shares(x)
        return x if shares is None else x * shares[:, None, None, None]


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

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c"]:
        """The factor of each channel of each picture."""
        return self.gate(x.mean(dim=(2, 3)))


class CAB(nn.Module):
    """Channel attention block: squeeze to C / beta, expand, channel attention, times alpha."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        conv = separable_conv if config.depthwise_cab else conv3x3
        width = config.embed_dim
        self.compress = conv(width, width // config.compress_ratio)
        self.expand = conv(width // config.compress_ratio, width)
        self.attention = (
            ChannelAttention(width, config.squeeze_factor) if config.channel_attention else None
        )
        self.alpha = config.conv_scale

    def forward(self, x: Features) -> tuple[Features, Float[Tensor, "b c"]]:
        """Features of the same shape, and the factor of each channel of each picture."""
        y = self.expand(gelu(self.compress(rearrange(x, "b h w c -> b c h w"))))
        gain = y.new_full(y.shape[:2], self.alpha)
        if self.attention is not None:
            gain = self.alpha * self.attention(y)
        return rearrange(y, "b c h w -> b h w c"), gain


class MLP(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.embed_dim, config.mlp_hidden)
        self.fc2 = nn.Linear(config.mlp_hidden, config.embed_dim)

    def forward(
        self, x: Features, norm: nn.LayerNorm, share: Float[Tensor, " b"] | None = None
    ) -> Features:
        """The features, with what the layers make of their norm added, times a share of each."""
        return added_mlp(x, norm, self.fc1, self.fc2, share)


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

    def forward(self, qkv: Float[Tensor, "b h w qkv"]) -> Features:
        """From what `qkv` gives to what `proj` takes; sides are multiples of the window."""
        return attend(qkv, self.bias(), window=self.size, shift=self.shift)


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

    def forward(self, qkv: Float[Tensor, "b h w qkv"]) -> Features:
        """From what `qkv` gives to what `proj` takes; keys outside the picture are zeros."""
        overlap = self.overlap_size - self.size
        return attend(qkv, self.bias(), window=self.size, overlap=overlap)


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
        attention = self.attention
        x, normed, qkv = normed_layer(x, self.norm1, attention.qkv)
        gated = None if self.cab is None else self.cab(normed)
        x = added_layer(x, attention(qkv), attention.proj, self.drop_path.shares(x), gated)
        return self.mlp(x, self.norm2, self.drop_path.shares(x))


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
        attention = self.attention
        x, _, qkv = normed_layer(x, self.norm1, attention.qkv)
        return self.mlp(added_layer(x, attention(qkv), attention.proj), self.norm2)
