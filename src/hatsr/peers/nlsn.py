"""NLSN (Mei et al. 2021): EDSR with non-local attention among pixels that hash alike."""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import normalize

from hatsr.model.blocks import conv3x3
from hatsr.model.fields import require
from hatsr.peers.edsr import EDSR_SCALES, ColourLayer, ResidualBlock, ShuffleTail
from hatsr.peers.parts.checks import check_fields

_MOST_BUCKETS = 128
_EPSILON = 5e-5  # shortest length that is divided by
_SEED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NLSNConfig:
    """Every hyper-parameter of NLSN; the defaults are the published network at x4 (section 4.1).

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 256
    """Width of the features, a multiple of 4."""
    blocks: int = 32
    """Residual blocks."""
    attention_every: int = 8
    """Blocks from one attention to the next; the first stands before all blocks."""
    chunk: int = 144
    """Pixels of like hash that attend to each other and to the chunks beside theirs."""
    hashes: int = 4
    """Independent hash functions, whose results are mixed."""
    residual_scale: float = 0.1
    """Factor of a branch before it is added."""
    img_range: float = 1.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, EDSR_SCALES)
        require(self.width % 4 == 0, "width", "a multiple of 4", self.width)

    @property
    def depth(self) -> int:
        """Residual blocks."""
        return self.blocks


NLSN_PRESETS = {
    "nlsn": NLSNConfig(),
    "nlsn-tiny": NLSNConfig(width=32, blocks=4, attention_every=2, residual_scale=1.0),
}
"""NLSN as published, and one that a CPU can train."""


class SparseAttention(nn.Module):
    """Attention among pixels in the same or a neighbouring hash bucket (section 3.2 of NLSN).

    Hashes are directions drawn at random: anew for each forward in training, else always the same
    ones, so that a picture has one result.
    """

    def __init__(self, config: NLSNConfig) -> None:
        super().__init__()
        width = config.width
        self.match = conv3x3(width, width // 4)
        self.assemble = nn.Conv2d(width, width, 1)
        self.chunk, self.hashes = config.chunk, config.hashes
        self.scale = config.residual_scale

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        keys = rearrange(self.match(x), "b d h w -> b (h w) d")
        values = rearrange(self.assemble(x), "b c h w -> b (h w) c")
        rounds = [attend_alike(keys, values, r, self.chunk) for r in self._directions(keys)]
        results, logits = (torch.stack(part) for part in zip(*rounds, strict=True))
        mixed = (results * logits.softmax(0)[..., None]).sum(0)
        return x + self.scale * rearrange(mixed, "b (h w) c -> b c h w", h=x.shape[2])

    def _directions(self, keys: Float[Tensor, "b n d"]) -> Float[Tensor, "rounds d buckets"]:
        """Of each hash, half as many as it has buckets."""
        chunks = max(1, keys.shape[1] // self.chunk)
        half = min(chunks + chunks % 2, _MOST_BUCKETS) // 2
        generator = None if self.training else torch.Generator().manual_seed(_SEED)
        shape = (keys.shape[2], self.hashes, half)
        drawn = torch.randn(shape, generator=generator, device="cpu")
        return drawn.to(keys).transpose(0, 1)


def attend_alike(
    keys: Float[Tensor, "b n d"],
    values: Float[Tensor, "b n c"],
    directions: Float[Tensor, "d buckets"],
    chunk: int,
) -> tuple[Float[Tensor, "b n c"], Float[Tensor, "b n"]]:
    """One round: pixels sorted by hash and cut into chunks, which see themselves and both beside.

    Returns:
        What each pixel gets, and the logarithm of the sum of its exponentiated scores.
    """
    count = keys.shape[1]
    chunk = min(chunk, count)
    turned = keys @ directions
    order = torch.cat((turned, -turned), dim=-1).argmax(-1).argsort(dim=-1, stable=True)
    q, v = (_in_chunks(_take(t, order), chunk) for t in (keys, values))
    scores = q @ _with_neighbours(normalize(q, dim=-1, eps=_EPSILON)).transpose(-1, -2)
    logits = scores.logsumexp(-1, keepdim=True)
    mixed = (scores - logits).exp() @ _with_neighbours(v)
    back = order.argsort(dim=-1)
    results, logits = (t.flatten(1, 2)[:, :count] for t in (mixed, logits))
    return _take(results, back), _take(logits, back)[..., 0]


def _take(x: Float[Tensor, "b n c"], rows: Int[Tensor, "b n"]) -> Float[Tensor, "b n c"]:
    return x.gather(1, rows[..., None].expand(-1, -1, x.shape[-1]))


def _in_chunks(x: Float[Tensor, "b n c"], chunk: int) -> Float[Tensor, "b m q c"]:
    """Cut; the last rows are repeated where the last chunk is not full."""
    missing = -x.shape[1] % chunk
    whole = torch.cat((x, x[:, x.shape[1] - missing :]), dim=1)
    return whole.unflatten(1, (-1, chunk))


def _with_neighbours(x: Float[Tensor, "b m q c"]) -> Float[Tensor, "b m k c"]:
    """Each chunk with the one before and the one after it, in a circle."""
    return torch.cat((x, x.roll(1, 1), x.roll(-1, 1)), dim=2)


class NLSN(nn.Module):
    """Sparse attention before, between and after residual blocks; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: NLSNConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.shallow = conv3x3(config.channels, config.width)
        blocks: list[nn.Module] = [SparseAttention(config)]
        for i in range(1, config.blocks + 1):
            blocks.append(ResidualBlock(config.width, config.residual_scale))
            if i % config.attention_every == 0:
                blocks.append(SparseAttention(config))
        self.blocks = nn.Sequential(*blocks)
        self.body_conv = conv3x3(config.width, config.width)
        self.tail = ShuffleTail(config.width, config.channels, config.scale)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def feature_modules(self) -> list[nn.Module]:
        """Residual blocks and attentions."""
        return list(self.blocks)

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        deep = self.body_conv(self.blocks(shallow)) + shallow
        return self.add_mean(self.tail(deep)) / self.config.img_range
