"""What users hand over, checked."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hatsr.inference.user_input import check_lr, to_picture


@pytest.mark.parametrize(
    ("lr", "error", "message"),
    [
        (None, TypeError, "lr must be a tensor, got NoneType; give it to upscale"),
        (np.zeros((1, 3, 4, 4)), TypeError, "lr must be a tensor, got ndarray"),
        (torch.rand(3, 4, 4), ValueError, r"b x 3 x height x width .* got \(3, 4, 4\); lr\[None\]"),
        (torch.rand(1, 1, 4, 4), ValueError, r"b x 3 x height x width .* got \(1, 1, 4, 4\)"),
        (torch.rand(0, 3, 4, 4), ValueError, "not empty"),
        (
            torch.zeros(1, 3, 4, 4, dtype=torch.uint8),
            ValueError,
            r"floats in \[0, 1\], got torch.uint8",
        ),
    ],
)
def test_what_is_no_batch(lr: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_lr(lr, 3)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, "NoneType; one picture at a time"),
        ([1, 2], "list; one picture at a time"),
        (torch.rand(1, 3, 4, 4), "Tensor; give it to upscale_tensor"),
    ],
)
def test_what_is_no_picture(source: object, told: str) -> None:
    with pytest.raises(TypeError, match=f"picture must be a path, a PIL image .* got {told}"):
        to_picture(source)


def test_bytes_and_open_files_are_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (14, 9), (1, 2, 3)).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        assert to_picture(file).rgb.shape == (9, 14, 3)
    content = (tmp_path / "a.png").read_bytes()
    assert to_picture(content).rgb.shape == (9, 14, 3)
