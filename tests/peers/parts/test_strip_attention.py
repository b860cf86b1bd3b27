"""What a shifted window must not see, pixel by pixel."""

import pytest
import torch

from hatsr.peers.parts.strip_attention import StripAttention, seam_mask


@pytest.mark.parametrize(("window", "shift"), [((2, 4), (1, 2)), ((4, 2), (2, 1))])
def test_pixels_across_a_seam_are_masked(window: tuple[int, int], shift: tuple[int, int]) -> None:
    height, width = 4, 8
    mask, number = seam_mask(height, width, window, shift), 0
    for top in range(0, height, window[0]):
        for left in range(0, width, window[1]):
            pixels = [(top + y, left + x) for y in range(window[0]) for x in range(window[1])]
            for q, (qy, qx) in enumerate(pixels):
                for k, (ky, kx) in enumerate(pixels):
                    same_rows = (qy >= height - shift[0]) == (ky >= height - shift[0])
                    same_cols = (qx >= width - shift[1]) == (kx >= width - shift[1])
                    expected = 0.0 if same_rows and same_cols else -100.0
                    assert float(mask[number, q, k]) == expected
            number += 1
    assert number == len(mask)


def test_a_pixel_changes_its_own_window_alone() -> None:
    torch.manual_seed(0)
    attention = StripAttention(8, 2, (2, 4), shifted=False)
    q, k, v = torch.rand(3, 1, 4, 8, 8)
    before = attention(q, k, v)
    v[0, 1, 2] += 1
    changed = (attention(q, k, v) != before).any(-1)[0]
    assert changed[:2, :4].all()
    assert changed.sum() == 8
