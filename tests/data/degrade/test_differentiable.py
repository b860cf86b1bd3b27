"""The JPEG with a gradient against the real one, its gradient against finite differences."""

import io
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from hatsr.data.degrade.compression import compress, to_tensor
from hatsr.data.degrade.differentiable import differentiable_jpeg, quantisation, soft_jpeg
from hatsr.data.degrade.parameters import ChromaSubsampling

SAMPLINGS = get_args(ChromaSubsampling)


def picture(height: int, width: int) -> np.ndarray:
    """Smooth with some texture, as photographs are."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    texture = rng.normal(0, 6, (height, width, 3))
    return (np.asarray(smooth) + texture).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("quality", range(1, 101))
def test_tables_are_pillows(quality: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    tables = Image.open(file).quantization  # pyright: ignore[reportAttributeAccessIssue]
    for ours, number in zip(quantisation(quality), (0, 1), strict=True):
        assert ours.flatten().tolist() == list(tables[number])


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 75, 90, 95, 100])
@pytest.mark.parametrize("size", [(64, 64), (53, 75)])
def test_agrees_with_pillow(
    quality: int, sampling: ChromaSubsampling, size: tuple[int, int]
) -> None:
    """At least 87 % of all values are the same, the mean difference is below 0.2 levels."""
    rgb = picture(*size)
    real = to_tensor(compress(rgb, quality, sampling))
    ours = differentiable_jpeg(to_tensor(rgb), quality, sampling)
    difference = (ours - real).abs() * 255
    assert float((difference < 0.5).double().mean()) > 0.87
    assert float(difference.mean()) < 0.2


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_single_precision_and_batches(sampling: ChromaSubsampling) -> None:
    batch = torch.stack([to_tensor(picture(24, 24)), to_tensor(picture(24, 24)).flip(2)])
    both = differentiable_jpeg(batch, 60, sampling)
    assert torch.equal(both[1], differentiable_jpeg(batch[1], 60, sampling))
    single = differentiable_jpeg(batch.float(), 60, sampling)
    assert single.dtype == torch.float32
    assert float(((single - both).abs() < 0.5 / 255).double().mean()) > 0.98


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("size", [(8, 8), (5, 11)])
def test_gradient_is_that_of_finite_differences(
    sampling: ChromaSubsampling, size: tuple[int, int]
) -> None:
    values = (torch.rand(3, *size, dtype=torch.float64) * 0.6 + 0.2).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda p: soft_jpeg(p, 70, sampling), (values,), eps=1e-6, atol=1e-4, fast_mode=True
    )


def test_gradient_goes_with_the_real_value() -> None:
    values = to_tensor(picture(16, 16)).requires_grad_()
    out = differentiable_jpeg(values, 80, "4:2:0")
    assert torch.allclose(out, differentiable_jpeg(values.detach(), 80, "4:2:0"))
    weights = torch.rand(out.shape, dtype=torch.float64)
    (found,) = torch.autograd.grad((out * weights).sum(), values)
    (wanted,) = torch.autograd.grad((soft_jpeg(values, 80, "4:2:0") * weights).sum(), values)
    assert torch.equal(found, wanted)
    assert bool(found.any())


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_has_bounds(quality: int) -> None:
    with pytest.raises(ValueError, match=rf"quality must lie in 1 \.\. 100, got {quality}"):
        differentiable_jpeg(torch.rand(3, 8, 8), quality, "4:4:4")
