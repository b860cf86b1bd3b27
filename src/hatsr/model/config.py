"""What a network is: one frozen object for HAT, its ablations and SwinIR."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from hatsr.model.fields import check_types, one_of, require

Tail = Literal["pixelshuffle", "pixelshuffle-direct", "nearest-conv", "residual"]
GroupConv = Literal["1conv", "3conv", "identity"]

SCALES: dict[Tail, tuple[int, ...]] = {
    "pixelshuffle": (1, 2, 3, 4, 8),
    "pixelshuffle-direct": (1, 2, 3, 4, 8),
    "nearest-conv": (2, 4),
    "residual": (1,),
}
_FLOOR_SLACK = 1e-6  # a ratio that was deduced as hidden / width must floor back to hidden


@dataclass(frozen=True, kw_only=True, slots=True)
class HATConfig:
    """Every hyper-parameter of the network; the defaults are HAT x4 (paper, section 4.1).

    SwinIR is the same network with ``cab`` and ``ocab`` off.

    Raises:
        ValueError: a value breaks its rule; the message names field, rule and value.
    """

    scale: int = 4
    """Enlargement factor: 1, 2, 3, 4 or 8."""
    channels: int = 3
    """Colour channels of input and output: 3, or 1 for gray."""
    embed_dim: int = 180
    """Width C of the features."""
    depths: tuple[int, ...] = (6,) * 6
    """HABs in each RHAG; the length is the number of RHAGs."""
    num_heads: tuple[int, ...] | int = 6
    """Attention heads, one number for all RHAGs or one for each."""
    window_size: int = 16
    """Side M of an attention window, in LR pixels."""
    mlp_ratio: float = 2.0
    """Hidden width of an MLP over C."""
    qkv_bias: bool = True
    """Bias of the linear layers that make queries, keys and values."""
    patch_norm: bool = True
    """Layer norm between the first convolution and the first RHAG."""
    cab: bool = True
    """Channel attention block beside the window attention of each HAB (Table 2)."""
    compress_ratio: int = 3
    """Squeeze factor beta between the two convolutions of CAB (Table 10)."""
    depthwise_cab: bool = False
    """CAB's 3 x 3 convolutions as depth-wise 3 x 3 then 1 x 1 (paper, section 4.1, HAT-S)."""
    channel_attention: bool = True
    """The channel attention at the end of CAB (Table 3)."""
    squeeze_factor: int = 30
    """C over the hidden width of the channel attention."""
    conv_scale: float = 0.01
    """Weight alpha of CAB beside the attention (equation 1, Table 4)."""
    ocab: bool = True
    """Overlapping cross-attention block at the end of each RHAG (Table 2)."""
    overlap_ratio: float = 0.5
    """Overlap gamma: key windows have side (1 + gamma) M (equation 3, Table 5)."""
    group_conv: GroupConv = "1conv"
    """Convolution at the end of an RHAG: one, a bottleneck of three, or none."""
    tail: Tail = "pixelshuffle"
    """How features become the SR picture."""
    num_feat: int = 64
    """Width of the tail, where it has one of its own."""
    img_range: float = 1.0
    """The network works on pictures times this (255 in SwinIR's JPEG networks)."""
    drop_path: float = 0.1
    """Stochastic depth of the last HAB in training; rises linearly from 0."""

    def __post_init__(self) -> None:
        """Check every rule once; nothing later checks again."""
        check_types(self)
        require(self.tail in get_args(Tail), "tail", one_of(get_args(Tail)), self.tail)
        known = get_args(GroupConv)
        require(self.group_conv in known, "group_conv", one_of(known), self.group_conv)
        rule = f"{one_of(SCALES[self.tail])} for tail {self.tail}"
        require(self.scale in SCALES[self.tail], "scale", rule, self.scale)
        require(self.channels in (1, 3), "channels", "1 or 3", self.channels)
        self._check_blocks()
        self._check_ratios()

    def _check_blocks(self) -> None:
        for name in ("embed_dim", "window_size", "num_feat"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        depths = tuple(self.depths)
        object.__setattr__(self, "depths", depths)
        rule = "a non-empty tuple of numbers >= 1"
        require(len(depths) > 0 and min(depths) >= 1, "depths", rule, depths)
        if not isinstance(self.num_heads, int):
            object.__setattr__(self, "num_heads", tuple(self.num_heads))
        rule = f"one number, or {len(depths)} (one for each RHAG in depths)"
        require(len(self.heads) == len(depths), "num_heads", rule, self.num_heads)
        fits = all(n >= 1 and self.embed_dim % n == 0 for n in self.heads)
        rule = f"divisors of embed_dim {self.embed_dim}"
        require(fits, "num_heads", rule, self.num_heads)

    def _check_ratios(self) -> None:
        require(self.mlp_hidden >= 1, "mlp_ratio", "such that C * mlp_ratio >= 1", self.mlp_ratio)
        require(0 <= self.drop_path < 1, "drop_path", "in [0, 1)", self.drop_path)
        require(self.img_range > 0, "img_range", "positive", self.img_range)
        rule = f"from 1 to embed_dim {self.embed_dim}"
        for name in ("compress_ratio", "squeeze_factor"):
            used = self.cab and (name == "compress_ratio" or self.channel_attention)
            fits = 1 <= getattr(self, name) <= self.embed_dim
            require(fits or not used, name, rule, getattr(self, name))
        rule = f"0 or more, with an even overlap_ratio * window_size {self.window_size}"
        fits = self.overlap_ratio >= 0 and self.overlap % 2 == 0
        require(fits or not self.ocab, "overlap_ratio", rule, self.overlap_ratio)

    @property
    def depth(self) -> int:
        """HABs of all RHAGs."""
        return sum(self.depths)

    @property
    def heads(self) -> tuple[int, ...]:
        """Attention heads of each RHAG."""
        if isinstance(self.num_heads, int):
            return (self.num_heads,) * len(self.depths)
        return self.num_heads

    @property
    def mlp_hidden(self) -> int:
        """Hidden width of an MLP."""
        return int(self.embed_dim * self.mlp_ratio + _FLOOR_SLACK)

    @property
    def overlap(self) -> int:
        """LR pixels by which OCAB's key and value windows are wider than its query windows."""
        return int(self.window_size * self.overlap_ratio + _FLOOR_SLACK)

    @property
    def overlap_size(self) -> int:
        """Side of OCAB's key and value windows, in LR pixels (equation 3)."""
        return self.window_size + self.overlap


HAT_BASE = HATConfig()
SWINIR = HATConfig(window_size=8, cab=False, ocab=False)

PRESETS: dict[str, HATConfig] = {
    "hat": HAT_BASE,
    "hat-l": replace(HAT_BASE, depths=(6,) * 12),
    "hat-s": replace(HAT_BASE, embed_dim=144, compress_ratio=24, squeeze_factor=24),
    "hat-t": HATConfig(
        embed_dim=64,
        depths=(4, 4),
        num_heads=4,
        window_size=8,
        squeeze_factor=16,
        tail="pixelshuffle-direct",
        drop_path=0.0,
    ),
    "swinir": SWINIR,
    "swinir-l1": replace(SWINIR, embed_dim=258),
    "swinir-l2": replace(SWINIR, depths=(6,) * 12),
    "swinir-light": replace(SWINIR, embed_dim=60, depths=(6,) * 4, tail="pixelshuffle-direct"),
}
"""The paper's networks and the shipped one by name, all at x4."""


def preset(name: str, *, scale: int = 4) -> HATConfig:
    """The configuration of a named network.

    Args:
        name: a key of `PRESETS`.
        scale: enlargement factor.

    Raises:
        ValueError: the name is unknown, or the network has no such scale.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return replace(PRESETS[name], scale=scale)
