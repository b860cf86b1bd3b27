from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import tiny

import hatsr
from hatsr import checkpoint
from hatsr.image import Picture, from_array
from hatsr.inference import settings as inference_settings
from hatsr.inference import upscaler as inference_upscaler
from hatsr.inference.settings import Precision, Settings
from hatsr.inference.tiling import budget
from hatsr.inference.tiling.tiled_network import TiledNetwork
from hatsr.inference.upscaler import Upscaler
from hatsr.native import has_run_rounded_products

PRECISIONS: tuple[Precision, ...] = ("auto", "bf16", "fp32")


def upscaler(settings: Settings | None = None, **changes: object) -> Upscaler:
    return Upscaler(tiny(**changes), "tiny", settings)


def picture(height: int = 9, width: int = 14, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_settings_that_do_not_go_with_the_network() -> None:
    with pytest.raises(ValueError, match=r"tile must be at least 40 LR pixels .* got 10"):
        upscaler(Settings(tile=10))
    with pytest.raises(
        ValueError, match="scale must be from 1 to 2, what tiny makes, got 3; choose a m"
    ):
        upscaler(Settings(scale=3))
    with pytest.raises(ValueError, match="got 5; the largest is 2 here, enlarge the result again"):
        upscaler(Settings(scale=5))
    with pytest.raises(ValueError, match="got nan; give a scale of 1 or more"):
        upscaler(Settings(scale=float("nan")))
    with pytest.raises(ValueError, match="scale must be from 1 to 2, what tiny makes, got 0"):
        upscaler(Settings(scale=0))


def test_kinds_of_pictures() -> None:
    enlarge = upscaler().upscale
    rgb = picture()
    sr = enlarge(rgb)
    assert (sr.shape, sr.dtype) == ((18, 28, 3), np.uint8)
    assert np.array_equal(np.asarray(enlarge(Image.fromarray(rgb))), sr)
    assert enlarge(rgb[..., 0]).shape == (18, 28)
    assert enlarge(np.dstack([rgb, rgb[..., :1]])).shape == (18, 28, 4)
    deep = enlarge(rgb.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - sr).max() <= 0.51
    floats = enlarge(rgb.astype(np.float32) / 255)
    assert floats.dtype == np.float32
    assert np.abs(floats * 255 - sr).max() <= 0.51


def test_a_path(tmp_path: Path) -> None:
    Image.fromarray(picture()).save(tmp_path / "a.png")
    assert isinstance(upscaler().upscale(tmp_path / "a.png"), Image.Image)


def test_a_network_of_one_channel_takes_the_colours_one_by_one() -> None:
    lr = from_array(picture())
    sr = upscaler(channels=1).upscale_picture(lr)
    red = torch.from_numpy(lr.rgb[None, None, ..., 0].copy())
    expected = upscaler(channels=1).upscale_tensor(red)[0, 0].numpy()
    assert np.array_equal(sr.rgb[..., 0], expected)


def test_alpha_is_enlarged_and_progress_covers_both() -> None:
    rgba = np.dstack([picture(), picture(seed=1)[..., 0]])
    told: list[float] = []
    sr = upscaler().upscale_picture(from_array(rgba), told.append)
    assert sr.alpha is not None
    assert sr.alpha.shape == (18, 28)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_smaller_scale_is_reduced_from_the_networks() -> None:
    sr = upscaler(Settings(scale=1.5)).upscale_picture(from_array(picture(10, 20)))
    assert sr.rgb.shape == (15, 30, 3)


def test_ensemble_is_the_mean_of_eight() -> None:
    lr = from_array(picture())
    told: list[float] = []
    sr = upscaler(Settings(ensemble=True)).upscale_picture(lr, told.append)
    assert told[-1] == 1
    mirrored = Picture(rgb=np.ascontiguousarray(lr.rgb[:, ::-1]))
    again = upscaler(Settings(ensemble=True)).upscale_picture(mirrored)
    assert np.abs(again.rgb[:, ::-1] - sr.rgb).max() < 1e-4


def test_the_budget_counts_every_picture_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def largest_tile(self: TiledNetwork, padded: torch.Tensor, limit: int) -> int:
        seen.append((10**9 - limit) // budget.result_bytes(self.network, *padded.shape[-2:]))
        return max(padded.shape[-2:])

    monkeypatch.setattr(TiledNetwork, "_largest_tile", largest_tile)
    lr = from_array(np.dstack([picture(), picture(seed=1)[..., :1]]))
    upscaler(Settings(memory=10**9)).upscale_picture(lr)
    upscaler(Settings(memory=10**9, ensemble=True)).upscale_picture(lr)
    assert seen == [1, 2, *[3] * 8, *[4] * 8]


@pytest.mark.skipif(not has_run_rounded_products(), reason="no vectors that multiply bfloat16")
def test_large_pictures_are_rounded_where_that_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference_upscaler, "_LARGE", 24 * 24)
    auto, bf16, fp32 = (hatsr.load("hat-t-x2", device="cpu", precision=p) for p in PRECISIONS)
    small, large = torch.rand(1, 3, 23, 24), torch.rand(1, 3, 24, 24)
    assert torch.equal(auto.upscale_tensor(small), fp32.upscale_tensor(small))
    assert torch.equal(auto.upscale_tensor(large), bf16.upscale_tensor(large))
    assert not torch.equal(auto.upscale_tensor(large), fp32.upscale_tensor(large))
    together = torch.cat([large, large.flip(3)])
    assert torch.equal(auto.upscale_tensor(together), bf16.upscale_tensor(together))


def test_nothing_is_rounded_where_it_costs_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("has_run_rounded_products", "supports_rounded_products"):
        monkeypatch.setattr(inference_settings, name, lambda: True)
    monkeypatch.setattr(inference_upscaler, "_LARGE", 0)
    monkeypatch.setattr(inference_upscaler, "is_negligible", lambda *_: False)
    lr = torch.rand(1, 3, 9, 14)
    fp32 = upscaler(Settings(device="cpu", precision="fp32")).upscale_tensor(lr)
    assert torch.equal(upscaler(Settings(device="cpu")).upscale_tensor(lr), fp32)


def test_public_functions(tmp_path: Path) -> None:
    checkpoint.save(tiny(), tmp_path / "net.safetensors")
    loaded = hatsr.load(tmp_path / "net.safetensors", memory="1GB")
    assert (loaded.scale, loaded.name) == (2, "net")
    rgb = picture()
    assert np.array_equal(hatsr.upscale(rgb, tmp_path / "net.safetensors"), loaded.upscale(rgb))
    small = hatsr.upscale(rgb, tmp_path / "net.safetensors", scale=1.5, ensemble=True, overlap=8)
    assert small.shape == (14, 21, 3)
    with pytest.raises(TypeError, match="til"):
        hatsr.load(tmp_path / "net.safetensors", til=64)  # pyright: ignore[reportCallIssue]
