"""Attention in windows that are flat or upright, as EDT has it (Li et al. 2022)."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hatsr.model.windows import MASKED


def seam_mask(
    height: int, width: int, window: tuple[int, int], shift: tuple[int, int]
) -> Float[Tensor, "n q q"]:
    """What is added to the scores of each window after a cyclic shift: -100 across a seam."""
    row = (torch.arange(height) >= height - shift[0]).long()
    col = (torch.arange(width) >= width - shift[1]).long()
    regions = rearrange(
        2 * row[:, None] + col, "(i y) (j x) -> (i j) (y x)", y=window[0], x=window[1]
    )
    return (regions[:, :, None] != regions[:, None, :]).float() * MASKED


class StripAttention(nn.Module):
    """Attention in windows of one shape, with a depth-wise convolution of the values added."""

    def __init__(self, width: int, heads: int, window: tuple[int, int], *, shifted: bool) -> None:
        super().__init__()
        self.window, self.heads = window, heads
        self.shift = (window[0] // 2, window[1] // 2) if shifted else (0, 0)
        self.lepe = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def forward(
        self,
        q: Float[Tensor, "b h w c"],
        k: Float[Tensor, "b h w c"],
        v: Float[Tensor, "b h w c"],
    ) -> Float[Tensor, "b h w c"]:
        """Same shape out; height and width are multiples of the window's."""
        (h, w), (y, x), (down, right) = q.shape[1:3], self.window, self.shift
        pattern = "b (i y) (j x) (heads d) -> b (i j) heads (y x) d"
        cut = [t.roll((-down, -right), (1, 2)) for t in (q, k, v)]
        windows = [rearrange(t, pattern, y=y, x=x, heads=self.heads) for t in cut]
        mask = seam_mask(h, w, self.window, self.shift).to(q)[:, None] if down or right else None
        mixed = scaled_dot_product_attention(*windows, attn_mask=mask)
        inverse = "b (i j) heads (y x) d -> b (i y) (j x) (heads d)"
        out = rearrange(mixed, inverse, i=h // y, y=y) + self._local(cut[2])
        return out.roll((down, right), (1, 2))

    def _local(self, v: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h w c"]:
        """The convolution, which sees zeros outside a window."""
        (h, w), (y, x) = v.shape[1:3], self.window
        cut = rearrange(v, "b (i y) (j x) c -> (b i j) c y x", y=y, x=x)
        return rearrange(self.lepe(cut), "(b i j) c y x -> b (i y) (j x) c", i=h // y, j=w // x)
