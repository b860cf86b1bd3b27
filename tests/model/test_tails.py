import pytest
import torch

from hatsr.model.tails import DirectTail, NearestTail, PixelShuffleTail

TAILS = {
    "pixelshuffle": lambda scale: PixelShuffleTail(5, 4, 3, scale),
    "direct": lambda scale: DirectTail(5, 3, scale),
    "nearest": lambda scale: NearestTail(5, 4, 3, scale),
}


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("name", TAILS)
def test_sizes_of_sr(name: str, scale: int) -> None:
    if name == "nearest" and scale == 3:
        pytest.skip("it only doubles")
    sr = TAILS[name](scale)(torch.rand(2, 5, 3, 4))
    assert sr.shape == (2, 3, 3 * scale, 4 * scale)


def test_steps_of_the_enlargement() -> None:
    steps = {scale: len(PixelShuffleTail(5, 4, 3, scale).steps) for scale in (1, 2, 3, 4, 8)}
    assert steps == {1: 0, 2: 1, 3: 1, 4: 2, 8: 3}
