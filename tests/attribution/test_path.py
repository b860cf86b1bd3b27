import pytest
import torch

from hatsr.attribution.path import blur_path


@pytest.mark.parametrize("shape", [(6, 7), (1, 1), (2, 30)])
def test_path_ends_at_the_picture_and_its_slopes_lead_there(shape):
    lr = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    path = blur_path(lr, 7)
    torch.testing.assert_close(path.pictures[-1:], lr, atol=1e-7, rtol=0)
    torch.testing.assert_close(path.start + path.slopes.sum(dim=0) / 7, lr, atol=1e-6, rtol=0)
