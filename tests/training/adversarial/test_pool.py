import torch
from torch import Tensor

from hatsr.training.adversarial.pool import PairPool


def batch(number: int, size: int = 2, side: int = 3) -> tuple[Tensor, Tensor]:
    first = number * size
    lr = torch.arange(first, first + size, dtype=torch.uint8).view(-1, 1, 1, 1)
    return lr.expand(size, 3, side, side), (lr + 100).expand(size, 3, 2 * side, 2 * side)


def values(pictures: Tensor) -> list[int]:
    return pictures[:, 0, 0, 0].tolist()


def test_batches_pass_until_it_is_full_and_are_mixed_then() -> None:
    pool = PairPool(6, seed=0)
    out = [pool.exchange(*batch(number), number) for number in range(20)]
    assert [values(lr) for lr, _ in out[:3]] == [[0, 1], [2, 3], [4, 5]]
    later = [value for lr, _ in out[3:] for value in values(lr)]
    held = [int(one[0, 0, 0]) for one in pool.lr]
    assert sorted(later + held) == list(range(40))  # each pair goes in and out once
    assert later != sorted(later)
    for lr, hr in out:
        assert [value + 100 for value in values(lr)] == values(hr)


def test_what_comes_out_is_a_function_of_state_and_number() -> None:
    first, second = PairPool(4, seed=1), PairPool(4, seed=1)
    for number in range(5):
        first.exchange(*batch(number), number)
    second.load_state_dict(first.state_dict())
    for number in range(5, 9):
        pairs = [pool.exchange(*batch(number), number) for pool in (first, second)]
        assert values(pairs[0][0]) == values(pairs[1][0])


def test_none_and_other_sizes() -> None:
    assert values(PairPool(0, seed=0).exchange(*batch(3), 3)[0]) == [6, 7]
    pool = PairPool(3, seed=0)
    for number in range(4):
        pool.exchange(*batch(number), number)
    lr, hr = pool.exchange(*batch(9, side=5), 9)
    assert values(lr) == [18, 19]
    assert hr.shape[-1] == 10
