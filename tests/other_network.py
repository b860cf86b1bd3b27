"""A network that is no HAT: bicubic enlargement and a convolution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

from hatsr.checkpoint import NetworkKind
from hatsr.model.fields import check_types


class BicubicConv(nn.Module):
    """The least that a `Network` can be."""

    scale, channels, multiple = 2, 3, 1

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        return lr.repeat_interleave(2, 2).repeat_interleave(2, 3) + self.conv(
            interpolate(lr, scale_factor=2, mode="bicubic")
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherConfig:
    """Of `Other`."""

    scale: int = 4
    channels: int = 3
    blocks: int = 2
    gain: float = 1.0

    def __post_init__(self) -> None:
        check_types(self)

    @property
    def depth(self) -> int:
        return self.blocks


class Other(nn.Module):
    """Convolutions, then nearest-neighbour enlargement; with a configuration."""

    def __init__(self, config: OtherConfig) -> None:
        super().__init__()
        self.config = config
        self.scale, self.channels, self.multiple = config.scale, config.channels, 1
        pictures = config.channels
        self.blocks = nn.ModuleList(
            nn.Conv2d(pictures, pictures, 3, padding=1) for _ in range(config.blocks)
        )

    def forward(self, lr: Tensor) -> Tensor:
        for block in self.blocks:
            lr = lr + self.config.gain * block(lr)
        return interpolate(lr, scale_factor=self.scale, mode="nearest")


class OtherLayout:
    """Official files call the blocks otherwise."""

    def is_official(self, tensors: Mapping[str, Tensor]) -> bool:
        return "layer_0.weight" in tensors

    def deduce_config(self, tensors: Mapping[str, Tensor]) -> OtherConfig:
        channels = tensors["layer_0.weight"].shape[0]
        return OtherConfig(channels=channels, blocks=len(tensors) // 2)

    def unseen(self, config: OtherConfig) -> tuple[str, ...]:
        return ("scale", "gain")

    def from_official(self, config: OtherConfig, wanted: Any, tensors: Any) -> dict[str, Tensor]:
        return {name: tensors[name.replace("blocks.", "layer_")] for name in wanted}

    def to_official(self, network: Other) -> dict[str, Tensor]:
        return {
            name.replace("blocks.", "layer_"): tensor
            for name, tensor in network.state_dict().items()
        }


ROW = NetworkKind(
    config=OtherConfig,
    network=Other,
    presets={"other": OtherConfig(), "other-deep": OtherConfig(blocks=4)},
    layout=OtherLayout(),
)
