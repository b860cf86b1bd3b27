"""IGNN (Zhou et al. 2020): EDSR with patches from a smaller version of the same picture.

For each patch of LR the like patches of LR reduced by the graph's scale are found; what was there
before the reduction is larger by that scale, and is brought in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import torch
from einops import rearrange, reduce
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pixel_shuffle, pixel_unshuffle

from hatsr.model.blocks import conv3x3
from hatsr.model.windows import reflect_index
from hatsr.peers.edsr import ColourLayer, ResidualBlock, ShuffleTail
from hatsr.peers.parts.checks import check_fields
from hatsr.peers.parts.patches import (
    SIDE,
    from_patches,
    nearest,
    patch_counts,
    take,
    to_patches,
    window_candidates,
)
from hatsr.resize import imresize

_FEATURES = 64
_FEATURE_MEAN, _FEATURE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1e-5  # added to variances


@dataclass(frozen=True, kw_only=True, slots=True)
class IGNNConfig:
    """Every hyper-parameter of IGNN; the defaults are the published network at x4.

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 2, 3 or 4."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    width: int = 256
    """Width of the features."""
    blocks: int = 32
    """Residual blocks; the patches are brought in after half of them."""
    neighbours: int = 5
    """Like patches k of each patch."""
    window: int = 30
    """Side of the square of patches among which they are looked for."""
    residual_scale: float = 0.1
    """Factor of a block's branch before it is added."""
    img_range: float = 255.0
    """The network works on pictures times this."""

    def __post_init__(self) -> None:
        """Check every rule once; everything later trusts this."""
        check_fields(self, (2, 3, 4))

    @property
    def depth(self) -> int:
        """Residual blocks."""
        return self.blocks

    @property
    def graph_scale(self) -> int:
        """Factor between LR and the smaller version of it."""
        return 3 if self.scale == 3 else 2


IGNN_PRESETS = {
    "ignn": IGNNConfig(),
    "ignn-tiny": IGNNConfig(width=32, blocks=4, residual_scale=1.0),
}
"""IGNN as published, and one that a CPU can train."""


class PatchFeatures(nn.Module):
    """The first two convolutions of VGG19, by which patches are compared; not learned.

    Official files hold those of a VGG19 trained on ImageNet. In a new network they are random,
    and compare patches as well as random projections do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.normalise = ColourLayer(3, 0.0)
        mean, std = torch.tensor(_FEATURE_MEAN), torch.tensor(_FEATURE_STD)
        self.normalise.weight = torch.diag(1 / std)[:, :, None, None]
        self.normalise.bias = -mean / std
        self.conv1, self.conv2 = conv3x3(3, _FEATURES), conv3x3(_FEATURES, _FEATURES)
        self.requires_grad_(False)

    def forward(self, x: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b c h w"]:
        """Features of a picture in [0, 1]."""
        rgb = x.expand(-1, 3, -1, -1)
        return self.conv2(self.conv1(self.normalise(rgb)).relu()).relu()


def weigh_net(residual_scale: float) -> nn.Sequential:
    """From differences of features to the weight of a patch, before the softmax."""
    return nn.Sequential(
        nn.Conv2d(_FEATURES, _FEATURES, 1),
        ResidualBlock(_FEATURES, residual_scale, kernel=1),
        nn.Conv2d(_FEATURES, 1, 1),
    )


def as_spread(
    patches: Float[Tensor, "b cpyx m"], like: Float[Tensor, "b cyx m"]
) -> Float[Tensor, "b cpyx m"]:
    """Patches with the mean and the spread of others, channel by channel."""
    channels = like.shape[1] // SIDE**2
    old, new = (t.unflatten(1, (channels, -1)) for t in (patches, like))
    centred = old - old.mean(2, keepdim=True)
    spread = [(t.var(2, keepdim=True) + _EPSILON).sqrt() for t in (old, new)]
    return (centred / spread[0] * spread[1] + new.mean(2, keepdim=True)).flatten(1, 2)


class GraphAggregation(nn.Module):
    """Weighted sums of the like patches, at LR's resolution and at the graph's finer one."""

    def __init__(self, config: IGNNConfig) -> None:
        super().__init__()
        width, self.scale = config.width, config.graph_scale
        self.reduce = nn.ModuleList(
            (
                nn.Conv2d(width, width, 5, stride=self.scale, padding=2),
                conv3x3(width, width),
                conv3x3(width, width),
            )
        )
        self.weigh_lr = weigh_net(config.residual_scale)
        self.weigh_hr = weigh_net(config.residual_scale)

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        chosen: Int[Tensor, "b m k"],
        differences: list[Float[Tensor, "b difference_c hr_h hr_w"]],
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c hr_h hr_w"]]:
        """Features, the like patches of each patch, and how they differ, to both sums."""
        fine = list(self._patches(x, chosen))
        coarse = [self._reduced(each) for each in fine]
        weights = [self.weigh_hr(d) for d in differences]
        smaller = [self.weigh_lr(avg_pool2d(d, self.scale)) for d in differences]
        return _weighted(coarse, smaller), _weighted(fine, weights)

    def _patches(
        self, x: Float[Tensor, "b c h w"], chosen: Int[Tensor, "b m k"]
    ) -> Iterator[Float[Tensor, "b c hr_h hr_w"]]:
        """The maps that the first, second, ... like patches make."""
        mine, others = to_patches(x), to_patches(pixel_unshuffle(x, self.scale))
        s = self.scale
        for one in chosen.unbind(2):
            patches = as_spread(take(others, one), mine)
            pattern = "b (c sy sx y x) m -> b (c y sy x sx) m"
            larger = rearrange(patches, pattern, sy=s, sx=s, y=SIDE, x=SIDE)
            yield from_patches(larger, x.shape[2], x.shape[3], s)

    def _reduced(self, x: Float[Tensor, "b c hr_h hr_w"]) -> Float[Tensor, "b c h w"]:
        first, second, third = self.reduce
        return third(second(first(x).relu()).relu())


def _weighted(
    maps: list[Float[Tensor, "b c h w"]], logits: list[Float[Tensor, "b 1 h w"]]
) -> Float[Tensor, "b c h w"]:
    return (torch.stack(maps) * torch.stack(logits).softmax(0)).sum(0)


class IGNN(nn.Module):
    """EDSR with a `GraphAggregation` in its middle; a `Network`.

    Takes LR in [0, 1], ``b c h w`` of any size from 1 x 1; returns SR ``b c scale*h scale*w``,
    nominally in [0, 1] and not clamped.
    """

    feature_axes = "b c h w"

    def __init__(self, config: IGNNConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels = config.scale, config.channels
        self.multiple = config.graph_scale
        width, half = config.width, config.blocks // 2
        self.sub_mean = ColourLayer(config.channels, -config.img_range)
        self.features = PatchFeatures()
        self.shallow = conv3x3(config.channels, width)
        self.before = nn.Sequential(*self._blocks(half))
        self.graph = GraphAggregation(config)
        self.fuse = nn.ModuleList((conv3x3(2 * width, width), conv3x3(width, width)))
        self.after = nn.Sequential(*self._blocks(config.blocks - half))
        self.body_conv = conv3x3(width, width)
        self.enlarge = conv3x3(width, width * config.graph_scale**2)
        self.fuse_up = nn.ModuleList((conv3x3(2 * width, width), conv3x3(width, width)))
        self.tail = ShuffleTail(width, config.channels, config.scale // config.graph_scale)
        self.add_mean = ColourLayer(config.channels, config.img_range)

    def _blocks(self, count: int) -> Iterator[ResidualBlock]:
        config = self.config
        return (ResidualBlock(config.width, config.residual_scale) for _ in range(count))

    def feature_modules(self) -> list[nn.Module]:
        """The residual blocks."""
        return [*self.before, *self.after]

    def forward(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR."""
        h, w = (side * self.scale for side in lr.shape[-2:])
        for axis in (2, 3):
            longer = max(-(-lr.shape[axis] // self.multiple), SIDE) * self.multiple
            lr = lr.index_select(axis, reflect_index(lr.shape[axis], longer).to(lr.device))
        chosen, differences = self._graph(lr)
        shallow = self.shallow(self.sub_mean(lr * self.config.img_range))
        x = self.before(shallow)
        coarse, fine = self.graph(x, chosen, differences)
        x = self.fuse[1](self.fuse[0](torch.cat((x, coarse), dim=1)).relu())
        x = self.body_conv(self.after(x)) + shallow
        x = torch.cat((pixel_shuffle(self.enlarge(x), self.multiple), fine), dim=1)
        x = self.fuse_up[1](self.fuse_up[0](x).relu()).relu()
        return self.add_mean(self.tail(x))[:, :, :h, :w] / self.config.img_range

    @torch.no_grad()
    def _graph(
        self, lr: Float[Tensor, "b rgb h w"]
    ) -> tuple[Int[Tensor, "b m k"], list[Float[Tensor, "b c hr_h hr_w"]]]:
        """The like patches of each patch, and by how much the features differ, as maps."""
        scale, config = self.multiple, self.config
        son = imresize(lr, Fraction(1, scale)).clamp(0, 1)
        mine, others = self.features(lr), self.features(son)
        counts = patch_counts(lr), patch_counts(son)
        candidates = window_candidates(counts[0], counts[1], config.window, scale)
        queries, keys = to_patches(mine), to_patches(others)
        chosen = nearest(queries.mT, keys.mT, candidates, config.neighbours)
        maps = []
        for one in chosen.unbind(2):
            apart = (queries - take(keys, one)).abs()
            total = reduce(apart, "b (c y) m -> b c m", "sum", y=SIDE**2)
            constant = total.repeat_interleave((SIDE * scale) ** 2, dim=1)
            maps.append(from_patches(constant, lr.shape[2], lr.shape[3], scale))
        return chosen, maps
