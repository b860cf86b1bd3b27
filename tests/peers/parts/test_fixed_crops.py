"""Crops against their definition along one axis, pixel by pixel."""

import pytest
import torch
from torch import Tensor

from hatsr.peers.parts.fixed_crops import upscale_by_crops


def expected_starts(length: int, crop: int) -> list[list[int]]:
    """Of each pixel, the first pixels of the crops that it is the mean of, at x2; 8-pixel crops.

    Middles of regular crops count from a quarter to three quarters of them; the first crop counts
    alone before its middle; the last crop, at the very end, counts alone from where it is halfway
    between the end of the regular crops and its own beginning.
    """
    step = crop // 4
    regular = list(range(0, length - crop + 1, step))
    rest = length - crop - regular[-1]
    alone = (length - rest) * 2 - int((crop - rest) / 2 * 2)
    found = []
    for pixel in range(length * 2):
        if pixel >= alone:
            found.append([length - crop])
        elif pixel < step * 2:
            found.append([0])
        else:
            found.append([s for s in regular if (s + step) * 2 <= pixel < (s + 3 * step) * 2])
    return found


@pytest.mark.parametrize("length", [8, 9, 10, 11, 12, 17, 22])
@pytest.mark.parametrize("axis", [2, 3])
def test_pixels_are_the_means_of_their_crops(length: int, axis: int) -> None:
    size = [8, 8]
    size[axis - 2] = length
    lr = torch.arange(length).float().view([1, 1, -1, 1] if axis == 2 else [1, 1, 1, -1])
    lr = lr.expand(1, 1, *size)

    def first_pixel(crops: Tensor) -> Tensor:
        return crops[:, :, :1, :1].expand(-1, -1, 16, 16)

    sr = upscale_by_crops(first_pixel, lr, crop=8, scale=2)
    assert sr.shape == (1, 1, 2 * size[0], 2 * size[1])
    line = sr[0, 0, :, 0] if axis == 2 else sr[0, 0, -1]
    means = [sum(starts) / len(starts) for starts in expected_starts(length, 8)]
    assert torch.allclose(line, torch.tensor(means))
    if axis == 3:  # the first crop counts alone in its top rows
        alone = [0.0 if i < min(16, means.index(length - 8)) else m for i, m in enumerate(means)]
        assert torch.allclose(sr[0, 0, 3], torch.tensor(alone))
        assert torch.equal(sr[0, 0, 4], line)


def test_what_does_not_depend_on_the_crop_comes_out_whole() -> None:
    lr = torch.rand(2, 3, 21, 15)

    def enlarge(crops: Tensor) -> Tensor:
        return crops.repeat_interleave(3, 2).repeat_interleave(3, 3)

    for part in (lr, lr[:, :, :5], lr[..., :1]):
        assert torch.allclose(upscale_by_crops(enlarge, part, 8, 3), enlarge(part))
