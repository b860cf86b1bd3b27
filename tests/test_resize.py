import subprocess
import sys
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hatsr.resize import _passes, _targets, _tensor_axis, imresize


@pytest.fixture
def set5(bench: Path) -> Path:
    if not (bench / "Set5" / "LRbicx2").is_dir():
        pytest.skip(f"MATLAB's own pictures are not at {bench / 'Set5'}")
    return bench / "Set5"


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


def cubic(x: Fraction) -> Fraction:
    x = abs(x)
    if x <= 1:
        return Fraction(3, 2) * x**3 - Fraction(5, 2) * x**2 + 1
    far = Fraction(-1, 2) * x**3 + Fraction(5, 2) * x**2 - 4 * x + 2
    return far if x < 2 else Fraction(0)


def literal_line(line: list[Fraction], scale: Fraction) -> list[Fraction]:
    """The definition in rational numbers, one output and one tap at a time."""
    shrink, n = min(scale, Fraction(1)), len(line)
    reach = 4 / shrink
    out = []
    for x in range(1, ceil(n * scale) + 1):
        centre = x / scale + (1 - 1 / scale) / 2
        left = floor(centre - reach / 2)
        taps = [(i, cubic(shrink * (centre - i))) for i in range(left, left + ceil(reach) + 2)]
        seen = [(line[min((i - 1) % (2 * n), 2 * n - 1 - (i - 1) % (2 * n))], w) for i, w in taps]
        total = sum((value * weight for value, weight in seen), Fraction(0))
        out.append(total / sum(w for _, w in taps))
    return out


def literal(picture: np.ndarray, scale: Fraction, *, rounded: bool) -> np.ndarray:
    def one_pass(rows: list[list[Fraction]]) -> list[list[Fraction]]:
        done = [literal_line(row, scale) for row in rows]
        if not rounded:
            return done
        return [[Fraction(min(max(floor(v + Fraction(1, 2)), 0), 255)) for v in r] for r in done]

    columns = one_pass([[Fraction(float(v)) for v in column] for column in picture.T])
    rows = one_pass([list(row) for row in zip(*columns, strict=True)])
    return np.array(rows, np.float64)


SCALES = [Fraction(s) for s in ("1/4", "1/3", "1/2", "2/5", "3/7", "1/8", "1", "3/2", "2", "3")]


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("shape", [(13, 9), (1, 7), (6, 1), (1, 1)])
def test_8_bit_is_exact_rational_arithmetic(shape, scale):
    picture = noise(*shape)
    expected = literal(picture, scale, rounded=True).astype(np.uint8)
    np.testing.assert_array_equal(imresize(picture, scale), expected)
    np.testing.assert_array_equal(imresize(torch.from_numpy(picture), scale).numpy(), expected)


@pytest.mark.parametrize(("dtype", "error"), [("float64", 1e-13), ("float32", 3e-6)])
@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(2, 5), Fraction(3, 2)], ids=str)
def test_floating_point_is_neither_rounded_nor_clipped(scale, dtype, error):
    picture = (noise(11, 8) / 255).astype(dtype)
    expected = literal(picture, scale, rounded=False)
    assert expected.min() < 0 or expected.max() > 1 or scale < 1
    for out in (imresize(picture, scale), imresize(torch.from_numpy(picture), scale).numpy()):
        assert out.dtype == dtype
        np.testing.assert_allclose(out, expected, atol=error, rtol=0)


@pytest.mark.parametrize("shrink", [2, 3, 4])
def test_the_files_that_matlab_wrote(set5, shrink):
    golden = sorted((set5 / f"LRbicx{shrink}").iterdir())
    assert len(golden) == 5
    for path in golden:
        hr = np.array(Image.open(set5 / "HR" / path.name).convert("RGB"))
        hr = hr[: hr.shape[0] // shrink * shrink, : hr.shape[1] // shrink * shrink]
        lr = np.array(Image.open(path).convert("RGB"))
        np.testing.assert_array_equal(imresize(hr, 1 / shrink), lr)
        tensor = imresize(torch.from_numpy(hr).permute(2, 0, 1), Fraction(1, shrink))
        np.testing.assert_array_equal(tensor.permute(1, 2, 0).numpy(), lr)


@pytest.mark.parametrize("scale", [0.01, 0.3, 0.77, 1.3, 7.5])
@pytest.mark.parametrize("shape", [(70, 41, 3), (40, 80, 1), (33, 20, 5), (1, 90, 3)])
def test_layouts_agree_and_a_flat_picture_stays_flat(shape, scale):
    picture = noise(*shape)
    out = imresize(picture, scale)
    assert out.shape == (ceil(shape[0] * scale), ceil(shape[1] * scale), shape[2])
    planes = torch.from_numpy(np.moveaxis(picture, 2, 0).copy())
    np.testing.assert_array_equal(np.moveaxis(out, 2, 0), imresize(planes, scale).numpy())
    np.testing.assert_array_equal(out[..., -1], imresize(picture[..., -1], scale))
    assert np.unique(imresize(np.full_like(picture, 93), scale)).tolist() == [93]


def test_size_sets_each_side_and_the_smaller_scale_goes_first():
    picture = noise(40, 30)
    assert imresize(picture, size=(10, 60)).shape == (10, 60)
    wide_first = imresize(picture.T.copy(), size=(60, 10))
    np.testing.assert_array_equal(imresize(picture, size=(10, 60)), wide_first.T)
    np.testing.assert_array_equal(imresize(picture, size=(10, 60), scale=None).shape, (10, 60))
    np.testing.assert_array_equal(imresize(picture, size=(20, 15)), imresize(picture, 0.5))


def test_a_fraction_gives_the_exact_side():
    assert imresize(noise(100, 1), Fraction(7, 100)).shape == (7, 1)
    assert imresize(noise(100, 1), 0.07).shape == (8, 1)  # 0.07 * 100 is above 7 in floating point


def test_a_tensor_keeps_leading_axes_and_gradient():
    lr = torch.rand(2, 3, 8, 6, requires_grad=True)
    imresize(lr, 2).sum().backward()
    assert lr.grad is not None
    torch.testing.assert_close(lr.grad.sum(), torch.tensor(2 * 3 * 16 * 12.0))
    assert imresize(lr.detach().half(), 0.5).dtype == torch.float16


def test_strided_input_is_read_and_never_written():
    picture = noise(20, 24, 3)
    before = picture.copy()
    flipped = imresize(picture[::-1, ::-1], 0.5)
    np.testing.assert_array_equal(flipped, imresize(picture, 0.5)[::-1, ::-1])
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize(
    ("picture", "arguments", "message"),
    [
        ([[1]], {"scale": 2}, "must be a numpy array or a tensor, got list"),
        (noise(4, 4).astype(np.int32), {"scale": 2}, "uint8 or floating point, got int32"),
        (torch.zeros(4, 4, dtype=torch.int64), {"scale": 2}, "got int64"),
        (np.zeros((0, 4)), {"scale": 2}, r"sides of at least 1, got shape \(0, 4\)"),
        (np.zeros(4), {"scale": 2}, r"got shape \(4,\)"),
        (np.zeros((1, 3, 4, 4)), {"scale": 2}, r"got shape \(1, 3, 4, 4\)"),
        (noise(4, 4), {"scale": 0}, "scale must be a finite number above 0, got 0"),
        (noise(4, 4), {"scale": float("nan")}, "got nan"),
        (noise(4, 4), {}, "either scale or size"),
        (noise(4, 4), {"scale": 2, "size": (8, 8)}, "either scale or size"),
        (noise(4, 4), {"size": (0, 8)}, "size must be at least 1 x 1, got 0 x 8"),
    ],
)
def test_messages(picture, arguments, message):
    with pytest.raises(ValueError, match=message):
        imresize(picture, **arguments)


def test_torch_is_not_imported():
    code = "import sys, hatsr.resize; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(1, 2), Fraction(2)], ids=str)
def test_8_bit_tensors_of_other_devices_follow_the_same_rule(scale):
    picture = noise(3, 14, 17)
    out = torch.from_numpy(picture)
    for axis, blocks in _passes((14, 17), _targets((14, 17), scale, None)):
        out = _tensor_axis(out, axis, blocks)
    np.testing.assert_array_equal(out.numpy(), [imresize(plane, scale) for plane in picture])
