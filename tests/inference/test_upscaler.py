from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import tiny

import hatsr
from hatsr import checkpoint
from hatsr.image import Picture, from_array
from hatsr.inference import settings
from hatsr.inference import upscaler as upscaling
from hatsr.inference.engine import Engine
from hatsr.inference.settings import Keywords, Settings, choose_device
from hatsr.inference.tiling import budget
from hatsr.inference.tiling.sampling import sample
from hatsr.inference.upscaler import Upscaler
from hatsr.inference.user_input import check_lr, to_picture


def upscaler(settings: Settings | None = None, **changes: object) -> Upscaler:
    return Upscaler(tiny(**changes), "tiny", settings)


def picture(height: int = 9, width: int = 14, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 3), (16, 16), (33, 18)])
def test_tensors_equal_the_plain_network(size: tuple[int, int], near: float) -> None:
    lr = torch.rand(1, 3, *size)
    with torch.no_grad():
        plain = tiny()(lr)
    assert (upscaler().enlarge(lr) - plain).abs().max() < near * plain.abs().max()


def gentle(**changes: object) -> Upscaler:
    """A network whose channel attention matters, but whose far pixels do not."""
    model = tiny(conv_scale=0.5, **changes)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias_table" not in name:
                parameter.mul_(0.6)
    return Upscaler(model, "gentle", Settings(tile=48, overlap=16))


def test_sharing_what_is_pooled_brings_tiles_closer_to_the_whole() -> None:
    lr = torch.rand(1, 3, 96, 96) * torch.linspace(0, 1, 96)  # no tile is like the whole
    tiled = gentle()
    shared = tiled.enlarge(lr)
    tiled._measure = lambda *_: None  # pyright: ignore[reportAttributeAccessIssue]
    plain = tiled.enlarge(lr)
    whole = Upscaler(tiled._model, "whole").enlarge(lr)
    assert shared.shape == whole.shape
    assert (shared - whole).square().mean() < (plain - whole).square().mean() / 4


def test_budget_decides_on_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[int, int]] = []
    original = Engine.run

    def spy(self: Engine, lr: torch.Tensor, **rest: object) -> torch.Tensor:
        runs.append((lr.shape[2], lr.shape[3]))
        return original(self, lr, **rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Engine, "run", spy)
    lr = torch.rand(1, 3, 100, 100)
    upscaler(Settings(memory="2GB")).enlarge(lr)
    assert runs == [(100, 100)]
    runs.clear()
    upscaler(Settings(memory=budget.FIXED_BYTES + 3_000_000)).enlarge(lr)
    assert len(runs) > 1


def test_out_of_memory_tries_smaller_tiles_then_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    original = Engine.run

    def tight(self: Engine, lr: torch.Tensor, **rest: object) -> torch.Tensor:
        sizes.append(lr.shape[3])
        if lr.shape[3] > limit:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to ...")
        return original(self, lr, **rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Engine, "run", tight)
    lr, limit = torch.rand(1, 3, 100, 100), 60
    sr = upscaler(Settings(overlap=8)).enlarge(lr)
    assert sizes[0] == 100
    assert sizes[-1] <= 60
    assert torch.isfinite(sr).all()
    limit = 3
    with pytest.raises(MemoryError, match=r"out of memory with tiles of .* try --tile 16"):
        upscaler(Settings(overlap=8)).enlarge(lr)


def test_other_errors_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(Engine, "run", broken)
    with pytest.raises(RuntimeError, match="something else"):
        upscaler().enlarge(torch.rand(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("tensor", "value", "message"),
    [
        ("norm.bias", float("nan"), r"norm\.bias in net is not finite; take another file"),
        ("norm.weight", 1e38, "features of net are too large even for fp32"),
    ],
)
def test_sr_that_is_not_finite_in_fp32_says_why(tensor: str, value: float, message: str) -> None:
    model = tiny()
    with torch.no_grad():
        model.get_parameter(tensor).fill_(value)
    with pytest.raises(ValueError, match=rf"SR must be finite, got NaN or infinity: .*{message}"):
        Upscaler(model, "net").enlarge(torch.rand(1, 3, 8, 8))


def test_lr_that_is_not_finite_is_named() -> None:
    lr = torch.rand(1, 3, 8, 8)
    lr[0, 0, 2, 2] = float("nan")
    with pytest.raises(ValueError, match="the LR picture is not finite"):
        Upscaler(tiny(), "net").enlarge(lr)


def test_a_tile_that_is_not_finite_in_low_precision_is_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = Engine.run

    def overflowing(self: Engine, lr: torch.Tensor, **rest: object) -> torch.Tensor:
        sr = original(self, lr, **rest)  # pyright: ignore[reportArgumentType]
        return sr if self.dtype == torch.float32 else sr * float("nan")

    monkeypatch.setattr(Engine, "run", overflowing)
    settings = Settings()
    object.__setattr__(settings, "precision", "bf16")  # which is refused on a cpu
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(upscaler(settings).enlarge(lr), upscaler().enlarge(lr))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"precision": "fp16"}, "precision must be fp32 on a cpu"),
        ({"precision": "fp16", "device": "cpu:0"}, "precision must be fp32 on a cpu"),
        ({"memory": -5}, "memory must be positive, got -5"),
        ({"device": "warp"}, "device must be one that PyTorch can use here, got warp"),
        ({"memory": "lots"}, "memory must be a size"),
        ({"memory": 4}, "memory must be at least 1MB, got 4, .* did you mean 4GB"),
        ({"overlap": -1}, "overlap must be 0 or more, got -1"),
    ],
)
def test_wrong_settings(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**values)


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_bfloat16_needs_a_processor_that_multiplies_it(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(settings, "supports_rounded_products", lambda: True)
    assert Settings(precision="bf16", device=device).rounds_products
    assert not Settings().rounds_products
    monkeypatch.setattr(settings, "supports_rounded_products", lambda: False)
    with pytest.raises(
        ValueError, match=r"bf16 with AVX512_BF16 or AMX\), which only emulates bf16"
    ):
        Settings(precision="bf16", device=device)


def test_settings_that_do_not_go_with_the_network() -> None:
    with pytest.raises(ValueError, match=r"tile must be at least 40 LR pixels .* got 10"):
        upscaler(Settings(tile=10))
    with pytest.raises(ValueError, match="scale must be from 1 to 2, what tiny makes, got 3"):
        upscaler(Settings(scale=3))
    with pytest.raises(ValueError, match="scale must be from 1 to 2, what tiny makes, got 0"):
        upscaler(Settings(scale=0))


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_that_is_there(
    cuda: bool, mps: bool, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(settings, "check_device", lambda name: None)
    monkeypatch.setattr(settings, "best_precision", lambda device: "fp32")
    assert choose_device() == Settings().device == best
    assert choose_device("cpu") == "cpu"
    monkeypatch.setattr(settings, "int8_unusable", lambda: "")
    assert Settings(precision="int8").device == "cpu"
    assert Settings(precision="int8", device="cpu").device == "cpu"


def test_results_take_no_memory_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []

    def largest_tile(self: Upscaler, padded: torch.Tensor, limit: int) -> int:
        limits.append(limit)
        return max(padded.shape[-2:])

    monkeypatch.setattr(Upscaler, "_largest_tile", largest_tile)
    lr = torch.rand(1, 3, 8, 8)
    for has_own in (False, True):
        monkeypatch.setattr(upscaling, "has_own_memory", lambda device, own=has_own: own)
        upscaler(Settings(memory=10**9)).enlarge(lr)
    assert limits == [10**9 - 4 * 3 * 16 * 16, 10**9]


def test_the_keywords_are_the_settings() -> None:
    wanted = {field.name: field.type for field in fields(Settings)}
    assert Keywords.__annotations__ == wanted


def test_pictures_of_a_batch_are_enlarged_one_by_one() -> None:
    lr, told = torch.rand(3, 3, 9, 7), []
    sr = upscaler().enlarge(lr, told.append)
    assert sr.shape == (3, 3, 18, 14)
    assert all(torch.equal(sr[i : i + 1], upscaler().enlarge(lr[i : i + 1])) for i in range(3))
    assert told == sorted(told)
    assert told[-1] == 1


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
        (torch.rand(1, 3, 4, 4), "Tensor; give it to enlarge"),
    ],
)
def test_what_is_no_picture(source: object, told: str) -> None:
    with pytest.raises(TypeError, match=f"picture must be a path, a PIL image .* got {told}"):
        to_picture(source)


def test_bytes_and_open_files_are_pictures(tmp_path: Path) -> None:
    Image.fromarray(picture()).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        assert to_picture(file).rgb.shape == (9, 14, 3)
    content = (tmp_path / "a.png").read_bytes()
    assert to_picture(content).rgb.shape == (9, 14, 3)


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
    sr = upscaler(channels=1).enlarge_picture(lr)
    red = torch.from_numpy(lr.rgb[None, None, ..., 0].copy())
    expected = upscaler(channels=1).enlarge(red)[0, 0].numpy()
    assert np.array_equal(sr.rgb[..., 0], expected)


def test_alpha_is_enlarged_and_progress_covers_both() -> None:
    rgba = np.dstack([picture(), picture(seed=1)[..., 0]])
    told: list[float] = []
    sr = upscaler().enlarge_picture(from_array(rgba), told.append)
    assert sr.alpha is not None
    assert sr.alpha.shape == (18, 28)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_smaller_scale_is_reduced_from_the_networks() -> None:
    sr = upscaler(Settings(scale=1.5)).enlarge_picture(from_array(picture(10, 20)))
    assert sr.rgb.shape == (15, 30, 3)


def test_ensemble_is_the_mean_of_eight() -> None:
    lr = from_array(picture())
    told: list[float] = []
    sr = upscaler(Settings(ensemble=True)).enlarge_picture(lr, told.append)
    assert told[-1] == 1
    mirrored = Picture(rgb=np.ascontiguousarray(lr.rgb[:, ::-1]))
    again = upscaler(Settings(ensemble=True)).enlarge_picture(mirrored)
    assert np.abs(again.rgb[:, ::-1] - sr.rgb).max() < 1e-4


@pytest.mark.parametrize("size", [(16, 16), (16, 400), (64, 64), (128, 300), (512, 512)])
def test_samples_lie_inside_and_on_the_grid(size: tuple[int, int]) -> None:
    lr = torch.arange(size[0] * size[1], dtype=torch.float32).view(1, 1, *size)
    patches = sample(lr, 12 * 64 * 64, 16)
    for patch, core in patches:
        first = int(patch[0, 0, 0, 0])
        assert first // size[1] % 16 == 0
        assert first % size[1] % 16 == 0
        assert 0 <= core.rows.start < core.rows.stop <= patch.shape[2]
        assert 0 <= core.cols.start < core.cols.stop <= patch.shape[3]
    assert len({int(patch[0, 0, 0, 0]) for patch, _ in patches}) == len(patches)


@pytest.mark.parametrize("size", [(20000, 64), (64, 20000), (12000, 400), (96, 96)])
def test_samples_stay_within_their_area(size: tuple[int, int]) -> None:
    area = 12 * 64 * 64
    patches = sample(torch.zeros(1, 1, *size), area, 16)
    assert sum(lr.shape[-2] * lr.shape[-1] for lr, _ in patches) <= area


def test_the_budget_counts_every_picture_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def largest_tile(self: Upscaler, padded: torch.Tensor, limit: int) -> int:
        seen.append((10**9 - limit) // budget.result_bytes(self.network, *padded.shape[-2:]))
        return max(padded.shape[-2:])

    monkeypatch.setattr(Upscaler, "_largest_tile", largest_tile)
    lr = from_array(np.dstack([picture(), picture(seed=1)[..., :1]]))
    upscaler(Settings(memory=10**9)).enlarge_picture(lr)
    upscaler(Settings(memory=10**9, ensemble=True)).enlarge_picture(lr)
    assert seen == [1, 2, *[3] * 8, *[4] * 8]


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
