"""The tensor names of the official HAT and SwinIR files, and the network they describe."""

import re
from collections.abc import Mapping
from math import isqrt

from torch import Tensor

from hatsr.checkpoint.names import check_names, shorten
from hatsr.model import HAT, HATConfig
from hatsr.model.config import GroupConv, Tail
from hatsr.model.windows import (
    overlapping_relative_position_index,
    relative_position_index,
    shift_mask,
)

_BUFFERS = re.compile(r"relative_position_index(_SA|_OCA)?$|attn_mask$")
"""Tables that official files carry and every program can compute again."""

_RENAMES = (
    (r"^shallow\.", "conv_first."),
    (r"^embed_norm\.", "patch_embed.norm."),
    (r"^body_conv\.", "conv_after_body."),
    (r"^groups\.(\d+)\.conv\.", r"layers.\1.conv."),
    (r"^groups\.(\d+)\.blocks\.", r"layers.\1.residual_group.blocks."),
    (r"^groups\.(\d+)\.ocab\.(attention\.)?", r"layers.\1.residual_group.overlap_attn."),
    (r"\.cab\.compress\.", ".conv_block.cab.0."),
    (r"\.cab\.expand\.", ".conv_block.cab.2."),
    (r"\.cab\.attention\.squeeze\.", ".conv_block.cab.3.attention.1."),
    (r"\.cab\.attention\.excite\.", ".conv_block.cab.3.attention.3."),
    (r"(\.blocks\.\d+)\.attention\.", r"\1.attn."),
    (r"\bbias_table$", "relative_position_bias_table"),
)
"""Ours and theirs. Each row changes another part of a name, so that their order does not matter."""
_TAIL_RENAMES: dict[Tail, tuple[tuple[str, str], ...]] = {
    "pixelshuffle": (
        (r"^tail\.before\.", "conv_before_upsample.0."),
        (r"^tail\.last\.", "conv_last."),
    ),
    "pixelshuffle-direct": ((r"^tail\.0\.", "upsample.0."),),
    "nearest-conv": (
        (r"^tail\.before\.", "conv_before_upsample.0."),
        (r"^tail\.steps\.0\.", "conv_up1."),
        (r"^tail\.steps\.1\.", "conv_up2."),
        (r"^tail\.final\.", "conv_hr."),
        (r"^tail\.last\.", "conv_last."),
    ),
    "residual": ((r"^tail\.", "conv_last."),),
}


def official_name(name: str, tail: Tail) -> str:
    """The official name of one of our tensors."""
    for ours, theirs in (*_TAIL_RENAMES[tail], *_RENAMES):
        name = re.sub(ours, theirs, name)
    # In the official pixel-shuffle tail convolutions and shuffles share one numbering.
    return re.sub(r"^tail\.steps\.(\d+)\.0\.", lambda m: f"upsample.{2 * int(m[1])}.", name)


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of the official HAT and SwinIR files."""
    return "conv_first.weight" in tensors and any(name.startswith("layers.") for name in tensors)


def to_official(model: HAT) -> dict[str, Tensor]:
    """All weights under official names, with the tables that other programs look for."""
    config = model.config
    if config.depthwise_cab or (config.cab and not config.channel_attention):
        raise ValueError(
            "the official layout must be given a standard CAB, got depthwise_cab="
            f"{config.depthwise_cab}, channel_attention={config.channel_attention}; "
            "save in the hatsr layout instead"
        )
    out = {}
    for name, tensor in model.state_dict().items():
        is_gate = ".cab.attention." in name and name.endswith("weight")
        out[official_name(name, config.tail)] = tensor[:, :, None, None] if is_gate else tensor
    index = relative_position_index(config.window_size)
    if config.cab or config.ocab:
        out["relative_position_index_SA"] = index
        out["relative_position_index_OCA"] = overlapping_relative_position_index(
            config.window_size, config.overlap_size
        )
        return out
    return out | _swinir_tables(config)


def _swinir_tables(config: HATConfig) -> dict[str, Tensor]:
    """The index of each block, and the mask of each whose windows are shifted.

    SwinIR's masks are of the size of its training patches, which a configuration does not know: 64
    LR pixels, for JPEG 126 and for noise 128. A program made for others (48, in SwinIR's Table 2)
    must load them with ``strict=False``.
    """
    size, side = config.window_size, 64
    if config.tail == "residual":
        side = 126 if size == 7 else 128
    index = relative_position_index(size)
    mask = shift_mask(side, side, size, size // 2) if size > 1 and side % size == 0 else None
    out: dict[str, Tensor] = {}
    for g, depth in enumerate(config.depths):
        for i in range(depth):
            block = f"layers.{g}.residual_group.blocks.{i}"
            out[f"{block}.attn.relative_position_index"] = index.clone()
            if i % 2 == 1 and mask is not None:
                out[f"{block}.attn_mask"] = mask.clone()
    return out


def from_official(
    config: HATConfig, wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors of a network under our names, from official ones.

    Args:
        config: the network.
        wanted: its state dict, of which names and shapes count.
        tensors: the official ones.

    Raises:
        ValueError: tensors are missing, left over or of the wrong shape; the message names them.
    """
    tensors = {k: v for k, v in tensors.items() if not _BUFFERS.search(k)}
    names = {official_name(ours, config.tail): ours for ours in wanted}
    check_names(names, tensors)
    out, wrong = {}, []
    for theirs, ours in names.items():
        tensor = tensors[theirs]
        if tensor.ndim == 4 and wanted[ours].ndim == 2 and tensor.shape[2:] == (1, 1):
            tensor = tensor[:, :, 0, 0]
        if tensor.shape != wanted[ours].shape:
            wrong.append(f"{theirs} {tuple(tensor.shape)} for {tuple(wanted[ours].shape)}")
        out[ours] = tensor
    if wrong:
        raise ValueError(f"tensors of one network must fit together, got {shorten(wrong)}")
    return out


class _Shapes:
    """Shapes by name, with an error that says which tensor is missing or odd."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def of(self, name: str, dimensions: int) -> tuple[int, ...]:
        """The shape of a tensor that must be there with so many dimensions."""
        if name not in self.tensors:
            raise ValueError(f"a HAT or SwinIR file must hold {name}, got a file without it")
        shape = tuple(self.tensors[name].shape)
        if len(shape) != dimensions or 0 in shape:
            raise ValueError(f"{name} must have {dimensions} dimensions, got shape {shape}")
        return shape

    def count(self, pattern: str) -> int:
        """One more than the largest number that the pattern's group finds among the names."""
        found = [int(m[1]) for name in self.tensors if (m := re.match(pattern, name))]
        return max(found, default=-1) + 1

    def any(self, pattern: str) -> bool:
        """Whether one of the names has the pattern in it."""
        return any(re.search(pattern, name) for name in self.tensors)


def _divisor(width: int, hidden: int, what: str) -> int:
    """The ratio r with width // r == hidden, the exact one where there is one."""
    ratio = width // hidden if hidden else 0
    if ratio < 1 or width // ratio != hidden:
        raise ValueError(f"{what} must be C // ratio, got {hidden} for C = {width}")
    return ratio


def deduce_config(tensors: Mapping[str, Tensor]) -> HATConfig:
    """Read scale, width, depths, heads, window, ratios and tail off the official tensors.

    What no tensor shows keeps the value of the official networks: alpha 0.01, drop-path 0.1,
    and an image range of 255 for SwinIR's JPEG networks (window 7).
    """
    shapes = _Shapes(tensors)
    width, channels = shapes.of("conv_first.weight", 4)[:2]
    groups = shapes.count(r"layers\.(\d+)\.")
    block = "layers.{}.residual_group.blocks.{}."
    tables = [
        shapes.of(block.format(g, 0) + "attn.relative_position_bias_table", 2)
        for g in range(groups)
    ]
    first = block.format(0, 0)
    hidden = shapes.of(first + "mlp.fc1.weight", 2)[0]
    window = (isqrt(tables[0][0]) + 1) // 2 if tables else 0
    heads = tuple(heads for _, heads in tables)
    tail, scale, num_feat = _deduce_tail(shapes, channels)
    cab, compress_ratio, squeeze_factor = _deduce_cab(shapes, first, width)
    ocab, overlap_ratio = _deduce_ocab(shapes, window)
    return HATConfig(
        scale=scale,
        channels=channels,
        embed_dim=width,
        depths=tuple(
            shapes.count(rf"layers\.{g}\.residual_group\.blocks\.(\d+)\.") for g in range(groups)
        ),
        num_heads=heads[0] if len(set(heads)) == 1 else heads,
        window_size=window,
        mlp_ratio=hidden / width,
        qkv_bias=shapes.any(r"\.attn\.qkv\.bias$"),
        patch_norm=shapes.any(r"^patch_embed\.norm\."),
        group_conv=_deduce_group_conv(shapes),
        tail=tail,
        num_feat=num_feat,
        img_range=255.0 if tail == "residual" and window == 7 else 1.0,
        cab=cab,
        compress_ratio=compress_ratio,
        squeeze_factor=squeeze_factor,
        ocab=ocab,
        overlap_ratio=overlap_ratio,
    )


def unseen(config: HATConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows, so that `deduce_config` assumes them."""
    names = ("img_range", "conv_scale", "drop_path")
    return tuple(name for name in names if config.cab or name != "conv_scale")


def _deduce_cab(shapes: _Shapes, block: str, width: int) -> tuple[bool, int, int]:
    """Whether there is a CAB, its squeeze factor, and that of its channel attention."""
    if block + "conv_block.cab.0.weight" not in shapes:
        return False, HATConfig().compress_ratio, HATConfig().squeeze_factor
    hidden = shapes.of(block + "conv_block.cab.0.weight", 4)[0]
    squeezed = shapes.of(block + "conv_block.cab.3.attention.1.weight", 4)[0]
    return (
        True,
        _divisor(width, hidden, "CAB's width"),
        _divisor(width, squeezed, "the channel attention's width"),
    )


def _deduce_ocab(shapes: _Shapes, window: int) -> tuple[bool, float]:
    """Whether there is an OCAB, and its overlap ratio."""
    table = "layers.0.residual_group.overlap_attn.relative_position_bias_table"
    if table not in shapes:
        return False, HATConfig().overlap_ratio
    overlap_size = isqrt(shapes.of(table, 2)[0]) + 1 - window
    return True, (overlap_size - window) / window


def _deduce_group_conv(shapes: _Shapes) -> GroupConv:
    if "conv_after_body.0.weight" in shapes:
        return "3conv"
    return "1conv" if "conv_after_body.weight" in shapes else "identity"


def _deduce_tail(shapes: _Shapes, channels: int) -> tuple[Tail, int, int]:
    """Tail, scale and the tail's width."""
    default = HATConfig().num_feat
    if "conv_before_upsample.0.weight" not in shapes:
        if "upsample.0.weight" not in shapes:
            return "residual", 1, default
        outputs = shapes.of("upsample.0.weight", 4)[0]
        return "pixelshuffle-direct", isqrt(outputs // channels), default
    num_feat = shapes.of("conv_before_upsample.0.weight", 4)[0]
    if "conv_up1.weight" in shapes:
        return "nearest-conv", 4 if "conv_up2.weight" in shapes else 2, num_feat
    steps = (shapes.count(r"upsample\.(\d+)\.") + 1) // 2
    if steps == 1 and shapes.of("upsample.0.weight", 4)[0] == 9 * num_feat:
        return "pixelshuffle", 3, num_feat
    return "pixelshuffle", 2**steps, num_feat
