import torch
from torch import Tensor

from hatsr.inference.ensemble import self_ensemble


def repeat(lr: Tensor) -> Tensor:
    """Enlargement that commutes with flips and turns."""
    return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


def test_every_variant_is_turned_back():
    lr = torch.rand(1, 3, 4, 7)
    torch.testing.assert_close(self_ensemble(repeat, lr), repeat(lr))


def test_the_eight_variants_are_all_different_and_seen_once():
    seen = []

    def watch(lr: Tensor) -> Tensor:
        seen.append(lr.clone())
        return lr

    self_ensemble(watch, torch.arange(6.0).reshape(1, 1, 2, 3))
    assert len({(v.shape, tuple(v.flatten().tolist())) for v in seen}) == 8
    assert sum(v.shape == (1, 1, 3, 2) for v in seen) == 4


def test_a_lopsided_enlargement_becomes_symmetric():
    lr = torch.rand(1, 1, 5, 5)

    def shifted(lr: Tensor) -> Tensor:
        return repeat(lr).roll(1, -1)

    sr = self_ensemble(shifted, lr)
    flipped = self_ensemble(shifted, lr.flip(-1)).flip(-1)
    torch.testing.assert_close(sr, flipped)
    by_hand = repeat(lr)
    neighbours = [by_hand.roll(s, d) for s, d in ((1, -1), (-1, -1), (1, -2), (-1, -2))]
    torch.testing.assert_close(sr, torch.stack(neighbours).mean(0))
