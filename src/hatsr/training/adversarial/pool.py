"""The pool of training pairs, which mixes samples of many steps in a batch."""

import torch
from torch import Tensor

from hatsr.data import step_seed

_SALT = 0x9001  # keeps the stream apart from that of drop-path


class PairPool:
    """So many pairs of earlier batches; each batch is exchanged for as many drawn from it.

    While it is filling, batches pass as they are (Real-ESRGAN, section 3.4: 180 pairs, since all
    samples of a batch share a degradation there. Here each sample has its own, and the pool mixes
    pictures alone.)

    Args:
        size: pairs; 0 for none.
        seed: of the run.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed
        self.lr: list[Tensor] = []
        self.hr: list[Tensor] = []

    def exchange(self, lr: Tensor, hr: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """A batch for a batch, drawn by its number; pairs of other sizes are forgotten.

        Args:
            lr: b 3 h w.
            hr: b 3 sr_h sr_w.
            number: of the batch's first sample.
        """
        if self.lr and self.lr[0].shape != lr.shape[1:]:
            self.lr, self.hr = [], []
        if len(self.lr) + len(lr) <= self.size:
            self.lr += [one.clone() for one in lr]
            self.hr += [one.clone() for one in hr]
            return lr, hr
        count = min(len(lr), len(self.lr))  # the others pass
        random = torch.Generator().manual_seed(step_seed(self.seed ^ _SALT, number, 0))
        places = torch.randperm(len(self.lr), generator=random)[:count].tolist()
        drawn = [[held[place] for place in places] for held in (self.lr, self.hr)]
        for row, place in enumerate(places):
            self.lr[place], self.hr[place] = lr[row].clone(), hr[row].clone()
        return (
            torch.stack([*drawn[0], *lr[count:]]),
            torch.stack([*drawn[1], *hr[count:]]),
        )

    def state_dict(self) -> dict[str, list[Tensor]]:
        """All pairs, to go on from."""
        return {"lr": self.lr, "hr": self.hr}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """The inverse of `state_dict`."""
        self.lr, self.hr = list(state["lr"]), list(state["hr"])
