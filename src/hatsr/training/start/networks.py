"""What is trained: one network, or several of related tasks that share a body."""

from dataclasses import replace

from torch import Tensor, nn

from hatsr.checkpoint import make_network
from hatsr.model import NetworkConfig, WithSharedBody


class Networks(nn.Module):
    """A network for each task; the deep part is shared.

    With one scale this is plain super-resolution. With several it is multi-related-task
    pre-training (Table 7): each task has a first convolution and a tail of its own, the first
    task's network is the one that is judged and exported.

    Args:
        config: the network of the first task.
        scales: of the tasks; none: the configuration's alone.

    Raises:
        ValueError: there are several tasks and the network cannot share its body.
    """

    def __init__(self, config: NetworkConfig, scales: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.main = make_network(config)
        self.others = nn.ModuleList(self._sharing(replace(config, scale=s)) for s in scales[1:])

    def _sharing(self, config: NetworkConfig) -> nn.Module:
        other: nn.Module = make_network(config)
        if not isinstance(other, WithSharedBody):
            raise ValueError(
                "tasks must be left out for a network that cannot share its body, got "
                f"{type(other).__name__}"
            )
        other.share_body(self.main)
        return other

    def each(self) -> list[nn.Module]:
        """The networks, one for each task."""
        return [self.main, *self.others]

    def forward(self, lr: list[Tensor]) -> list[Tensor]:
        """The SR batch of each task, from its LR batch."""
        return [net(batch) for net, batch in zip(self.each(), lr, strict=True)]
