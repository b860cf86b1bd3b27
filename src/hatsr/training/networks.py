"""What is trained: one HAT, or several of related tasks that share a body."""

from dataclasses import replace
from typing import cast

from torch import Tensor, nn

from hatsr.model import HAT, HATConfig


class Networks(nn.Module):
    """A HAT for each task; RHAGs, the last norm and the body's convolution are shared.

    With one scale this is plain super-resolution. With several it is multi-related-task
    pre-training (Table 7): each task has a first convolution and a tail of its own, the first
    task's network is the one that is judged and exported.
    """

    def __init__(self, config: HATConfig, scales: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.main = HAT(config)
        self.others = nn.ModuleList(self._sharing(replace(config, scale=s)) for s in scales[1:])

    def _sharing(self, config: HATConfig) -> HAT:
        other = HAT(config)
        other.groups, other.norm = self.main.groups, self.main.norm
        other.body_conv = self.main.body_conv
        return other

    def each(self) -> list[HAT]:
        """The networks, one for each task."""
        return [self.main, *cast("list[HAT]", list(self.others))]

    def forward(self, lr: list[Tensor]) -> list[Tensor]:
        """The SR batch of each task, from its LR batch."""
        return [net(batch) for net, batch in zip(self.each(), lr, strict=True)]
