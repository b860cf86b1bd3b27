import numpy as np
import pytest

from hatsr.video.colours import ColourTags, known_matrix, planes_of, rgb_of

BT709, BT601, BT2020 = 1, 6, 9
WEIGHTS = {BT709: (0.2126, 0.7152), BT601: (0.299, 0.587), BT2020: (0.2627, 0.6780)}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("matrix", WEIGHTS)
def test_light_and_colour_by_the_equations_of_the_standard(
    matrix: int, bits: int, full: bool
) -> None:
    rgb = np.random.default_rng(0).random((5, 7, 3), np.float32)
    r, g, b = np.moveaxis(rgb.astype(float), 2, 0)
    red, green = WEIGHTS[matrix]
    blue = 1 - red - green
    y = red * r + green * g + blue * b
    differences = (b - y) / (2 - 2 * blue), (r - y) / (2 - 2 * red)
    unit, top = 2 ** (bits - 8), 2**bits - 1
    wanted = [y * top if full else unit * (16 + 219 * y)]
    wanted += [unit * 128 + d * (top if full else unit * 224) for d in differences]
    tags = ColourTags(matrix=matrix, full_range=full)
    planes = planes_of(rgb, (1, 1), bits, tags)
    for plane, codes in zip(planes, wanted, strict=True):
        assert np.abs(plane - codes).max() < 0.51
    again = rgb_of(planes[0], (planes[1], planes[2]), bits, tags)
    assert np.abs(again - rgb).max() < 2 / top * (1 if full else 1.2)


@pytest.mark.parametrize(
    ("rgb", "codes"),
    [((1, 1, 1), (235, 128, 128)), ((0, 0, 0), (16, 128, 128)), ((1, 0, 0), (63, 102, 240))],
)
def test_well_known_codes_of_bt_709(rgb: tuple[int, ...], codes: tuple[int, ...]) -> None:
    pixel = np.array(rgb, np.float32)[None, None]
    planes = planes_of(pixel, (1, 1), 8, ColourTags(matrix=BT709))
    assert tuple(int(plane[0, 0]) for plane in planes) == codes


@pytest.mark.parametrize("chroma_subsampling", [(2, 2), (1, 2), (1, 1)])
@pytest.mark.parametrize("size", [(6, 8), (5, 7), (1, 1)])
def test_thinned_colour_keeps_its_place(
    chroma_subsampling: tuple[int, int], size: tuple[int, int]
) -> None:
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    slope = 0.3 + 0.02 * x + 0.03 * y
    rgb = np.stack([slope, slope / 2, 1 - slope], axis=2)
    tags = ColourTags(matrix=BT709, full_range=True)
    light, *colour = planes_of(rgb, chroma_subsampling, 16, tags)
    again = rgb_of(light, (colour[0], colour[1]), 16, tags)
    inner = np.s_[2:-2, 2:-2] if min(size) > 4 else np.s_[:0, :0]
    assert np.abs(again - rgb)[inner].max(initial=0) < 1e-4  # a slope is what bilinear keeps
    assert np.abs(again - rgb).max() < 0.1


@pytest.mark.parametrize(
    ("tag", "size", "matrix"),
    [
        (BT2020, (24, 32), BT2020),
        (2, (576, 720), BT601),
        (2, (720, 1280), BT709),
        (0, (24, 32), BT709),
    ],
)
def test_the_matrix_of_a_clip_that_does_not_say(
    tag: int, size: tuple[int, int], matrix: int
) -> None:
    assert known_matrix(ColourTags(matrix=tag), *size) == matrix


def test_a_matrix_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"colour matrix must be one of .*, got 14"):
        ColourTags(matrix=14)
