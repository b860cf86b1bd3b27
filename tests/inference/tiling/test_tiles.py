from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from hatsr.inference.tiling.tiles import cut, plan, shrink, spans, stitch


@pytest.mark.parametrize("length", [16, 48, 64, 80, 144, 512])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 16), (64, 16), (64, 32), (64, 0), (70, 20)])
def test_spans_cover_evenly(length: int, tile: int, overlap: int) -> None:
    found = spans(length, tile, overlap, 16)
    assert found[0].start == 0
    assert found[-1].stop == length
    for one, two in pairwise(found):
        assert two.start % 16 == 0
        assert one.start < two.start
        assert one.stop - two.start >= overlap
        assert two.start <= one.fade_out[0] <= one.fade_out[1] <= one.stop
        assert one.core.stop == two.core.start
        assert one.fade_out[1] <= two.fade_out[0]
    assert all(s.stop - s.start <= max(tile, 16) for s in found)
    assert [found[0].core.start, found[-1].core.stop] == [0, length]


@pytest.mark.parametrize("length", [16, 48, 80, 144, 512, 528])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 16), (64, 16), (240, 32), (1000, 32)])
def test_shrunk_tiles_are_as_many_and_no_smaller_would_do(
    length: int, tile: int, overlap: int
) -> None:
    count = len(spans(length, tile, overlap, 16))
    small = shrink(length, tile, overlap, 16)
    assert small <= max(tile, 16)
    assert len(spans(length, small, overlap, 16)) == count
    if small - 16 > overlap:
        assert len(spans(length, small - 16, overlap, 16)) > count


def test_tile_that_does_not_advance() -> None:
    with pytest.raises(ValueError, match=r"tile must be larger than the overlap .* got tile 32"):
        spans(100, 32, 32, 16)


@pytest.mark.parametrize("size", [(16, 16), (48, 160), (96, 64)])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 16), (48, 16), (64, 0), (1000, 32)])
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_cut_and_stitch_are_inverse_for_what_is_local(
    size: tuple[int, int], tile: int, overlap: int, scale: int
) -> None:
    def enlarge(lr: Tensor) -> Tensor:
        return interpolate(lr, scale_factor=scale, mode="nearest")

    lr = torch.rand(1, 3, *size)
    whole = torch.zeros(1, 3, size[0] * scale, size[1] * scale)
    for part in plan(*size, tile, overlap, 16):
        stitch(whole, enlarge(cut(lr, part)), part, scale)
    torch.testing.assert_close(whole, enlarge(lr), atol=1e-6, rtol=0)


def test_a_tile_is_not_read_near_its_cut_edges() -> None:
    lr = torch.zeros(1, 1, 64, 160)
    whole = torch.zeros(1, 1, 64, 160)
    for part in plan(64, 160, 64, 32, 16):
        piece = cut(lr, part).clone()
        for span, axis in ((part.rows, 2), (part.cols, 3)):
            if span.start > 0:
                piece.narrow(axis, 0, 8).fill_(1e9)
            if span.stop < lr.shape[axis]:
                piece.narrow(axis, span.stop - span.start - 8, 8).fill_(1e9)
        stitch(whole, piece, part, 1)
    assert whole.abs().max() == 0
