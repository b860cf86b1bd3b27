"""IPT (Chen et al. 2021): a transformer on crops, with a head and a tail for each task."""

from dataclasses import dataclass

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.model.blocks import conv3x3
from hatsr.model.fields import require
from hatsr.model.tails import STEPS
from hatsr.peers.edsr import ColourLayer, ResidualBlock, ShuffleTail
from hatsr.peers.parts.checks import check_fields
from hatsr.peers.parts.fixed_crops import upscale_by_crops

_HEAD_KERNEL = 5
_MLP_RATIO = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class IPTConfig:
    """Every hyper-parameter of IPT; the defaults are the published network at x4.

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor, one of `tasks`."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 64
    """Width C of the features."""
    token: int = 3
    """Side P of the squares of pixels that become a token, LR pixels."""
    crop: int = 48
    """Side of the crops that the transformer sees, LR pixels; a multiple of 4 and of `token`."""
    heads: int = 12
    """Attention heads."""
    layers: int = 12
    """Layers of the encoder, and as many of the decoder."""
    tasks: tuple[int, ...] = (2, 3, 4, 1, 1, 1)
    """Enlargement factor of each head and tail; those of 1 are for noise and rain."""
    queries: int = 6
    """Task embeddings of the decoder, one for each task; a file of one task may have one."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, tuple(STEPS))
        known = all(task in STEPS for task in self.tasks)
        require(
            known and self.scale in self.tasks, "tasks", f"scales, {self.scale} too", self.tasks
        )
        enough = self.queries > self.task
        require(enough, "queries", f"more than task number {self.task}", self.queries)
        for divisor in (4, self.token):
            require(self.crop % divisor == 0, "crop", f"a multiple of {divisor}", self.crop)
        fits = self.embed_dim % self.heads == 0
        require(fits, "heads", f"a divisor of width * token**2 = {self.embed_dim}", self.heads)

    @property
    def depth(self) -> int:
        """Heads, and layers of the encoder and the decoder."""
        return len(self.tasks) + 2 * self.layers

    @property
    def task(self) -> int:
        """Number of the first task with the network's scale."""
        return self.tasks.index(self.scale)

    @property
    def embed_dim(self) -> int:
        """Width of a token."""
        return self.width * self.token**2

    @property
    def tokens(self) -> int:
        """Tokens of a crop."""
        return (self.crop // self.token) ** 2


IPT_PRESETS = {
    "ipt": IPTConfig(),
    "ipt-tiny": IPTConfig(
        width=8, token=3, crop=24, heads=4, layers=2, tasks=(2, 3, 4), queries=3, img_range=1.0
    ),
}
"""IPT with its six tasks as published, and one that a CPU can train."""


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, _MLP_RATIO * width)
        self.linear2 = nn.Linear(_MLP_RATIO * width, width)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """Same shape out."""
        return self.linear2(self.linear1(x).relu())


def attention(width: int, heads: int) -> nn.MultiheadAttention:
    """Attention of all tokens to all tokens."""
    return nn.MultiheadAttention(width, heads, bias=False, batch_first=True)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, with norms before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = attention(width, heads)
        self.mlp = FeedForward(width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """Same shape out."""
        normed = self.norm1(x)
        x = x + self.attention(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class DecoderLayer(nn.Module):
    """Self-attention, attention to the encoder's result, feed-forward; norms before.

    The task's embedding is added to all queries, and to the keys of the self-attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = attention(width, heads)
        self.cross_attention = attention(width, heads)
        self.mlp = FeedForward(width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(
        self, x: Float[Tensor, "b n c"], memory: Float[Tensor, "b n c"], task: Float[Tensor, "n c"]
    ) -> Float[Tensor, "b n c"]:
        """Same shape out."""
        normed = self.norm1(x)
        told = normed + task
        x = x + self.attention(told, told, normed, need_weights=False)[0]
        told = self.norm2(x) + task
        x = x + self.cross_attention(told, memory, memory, need_weights=False)[0]
        return x + self.mlp(self.norm3(x))


class CropTransformer(nn.Module):
    """Encoder and decoder over the tokens of a crop (section 3.1 of IPT)."""

    def __init__(self, config: IPTConfig) -> None:
        super().__init__()
        width, heads = config.embed_dim, config.heads
        self.token, self.columns = config.token, config.crop // config.token
        self.linear = nn.Linear(width, width)
        self.positions = nn.Embedding(config.tokens, width)
        self.tasks = nn.Embedding(config.queries, config.tokens * width)
        self.encoder = nn.Sequential(*(EncoderLayer(width, heads) for _ in range(config.layers)))
        self.decoder = nn.ModuleList(DecoderLayer(width, heads) for _ in range(config.layers))
        self.mlp = FeedForward(width)

    def forward(self, x: Float[Tensor, "b c h w"], task: int) -> Float[Tensor, "b c h w"]:
        """Same shape out; height and width are those of a crop."""
        p = self.token
        tokens = rearrange(x, "b c (i y) (j x) -> b (i j) (c y x)", y=p, x=p)
        tokens = self.linear(tokens) + tokens
        memory = self.encoder(tokens + self.positions.weight)
        query = self.tasks.weight[task].unflatten(0, self.positions.weight.shape)
        out = memory
        for layer in self.decoder:
            out = layer(out, memory, query)
        out = self.mlp(out) + out
        return rearrange(out, "b (i j) (c y x) -> b c (i y) (j x)", j=self.columns, y=p, x=p)


class IPT(nn.Module):
    """Heads, the transformer on crops, tails; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped. All tasks' heads and tails are kept; one is run.
    """

    def __init__(self, config: IPTConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        width = config.width
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.heads = nn.ModuleList(
            nn.Sequential(
                conv3x3(config.channels, width),
                *(ResidualBlock(width, kernel=_HEAD_KERNEL) for _ in range(2)),
            )
            for _ in config.tasks
        )
        self.body = CropTransformer(config)
        self.tails = nn.ModuleList(
            ShuffleTail(width, config.channels, task) for task in config.tasks
        )
        self.add_mean = ColourLayer(config.channels, config.img_range)
        for i, (head, tail) in enumerate(zip(self.heads, self.tails, strict=True)):
            head.requires_grad_(i == config.task)
            tail.requires_grad_(i == config.task)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR, crop by crop."""
        return upscale_by_crops(self._crops, lr, self.config.crop, self.scale)

    def _crops(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR of the size of a crop to SR."""
        task = self.config.task
        shallow = self.heads[task](self.sub_mean(lr * self.config.img_range))
        deep = self.body(shallow, task) + shallow
        return self.add_mean(self.tails[task](deep)) / self.config.img_range
