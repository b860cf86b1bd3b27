"""A network on LR of any size: equal to the plain one, whole or in tiles, within its memory."""

import pytest
import torch
from tiny import tiny

from hatsr.inference.engine import Engine
from hatsr.inference.settings import Settings
from hatsr.inference.tiling import budget, tiled_network
from hatsr.inference.tiling.tiled_network import TiledNetwork


def tiled(settings: Settings | None = None, **changes: object) -> TiledNetwork:
    return TiledNetwork(tiny(**changes), "tiny", settings or Settings())


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 3), (16, 16), (33, 18)])
def test_tensors_equal_the_plain_network(size: tuple[int, int], near: float) -> None:
    lr = torch.rand(1, 3, *size)
    with torch.no_grad():
        plain = tiny()(lr)
    assert (tiled().upscale_tensor(lr) - plain).abs().max() < near * plain.abs().max()


def gentle(**changes: object) -> TiledNetwork:
    """A network whose channel attention matters, but whose far pixels do not."""
    model = tiny(conv_scale=0.5, **changes)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias_table" not in name:
                parameter.mul_(0.6)
    return TiledNetwork(model, "gentle", Settings(tile=48, overlap=16))


def test_sharing_what_is_pooled_brings_tiles_closer_to_the_whole() -> None:
    lr = torch.rand(1, 3, 96, 96) * torch.linspace(0, 1, 96)  # no tile is like the whole
    network = gentle()
    shared = network.upscale_tensor(lr)
    network._measure = lambda *_: None  # pyright: ignore[reportAttributeAccessIssue]
    plain = network.upscale_tensor(lr)
    whole = TiledNetwork(network.model, "whole", Settings()).upscale_tensor(lr)
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
    tiled(Settings(memory="2GB")).upscale_tensor(lr)
    assert runs == [(100, 100)]
    runs.clear()
    tiled(Settings(memory=budget.FIXED_BYTES + 3_000_000)).upscale_tensor(lr)
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
    sr = tiled(Settings(overlap=8)).upscale_tensor(lr)
    assert sizes[0] == 100
    assert sizes[-1] <= 60
    assert torch.isfinite(sr).all()
    limit = 3
    with pytest.raises(MemoryError, match=r"out of memory with tiles of .* try --tile 16"):
        tiled(Settings(overlap=8)).upscale_tensor(lr)


def test_other_errors_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(Engine, "run", broken)
    with pytest.raises(RuntimeError, match="something else"):
        tiled().upscale_tensor(torch.rand(1, 3, 8, 8))


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
        TiledNetwork(model, "net", Settings()).upscale_tensor(torch.rand(1, 3, 8, 8))


def test_lr_that_is_not_finite_is_named() -> None:
    lr = torch.rand(1, 3, 8, 8)
    lr[0, 0, 2, 2] = float("nan")
    with pytest.raises(ValueError, match="the LR picture is not finite"):
        TiledNetwork(tiny(), "net", Settings()).upscale_tensor(lr)


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
    assert torch.equal(tiled(settings).upscale_tensor(lr), tiled().upscale_tensor(lr))


def test_results_take_no_memory_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []

    def largest_tile(self: TiledNetwork, padded: torch.Tensor, limit: int) -> int:
        limits.append(limit)
        return max(padded.shape[-2:])

    monkeypatch.setattr(TiledNetwork, "_largest_tile", largest_tile)
    lr = torch.rand(1, 3, 8, 8)
    for has_own in (False, True):
        monkeypatch.setattr(tiled_network, "has_own_memory", lambda device, own=has_own: own)
        tiled(Settings(memory=10**9)).upscale_tensor(lr)
    assert limits == [10**9 - 4 * 3 * 16 * 16, 10**9]


def test_pictures_of_a_batch_are_enlarged_one_by_one() -> None:
    lr, told = torch.rand(3, 3, 9, 7), []
    sr = tiled().upscale_tensor(lr, told.append)
    assert sr.shape == (3, 3, 18, 14)
    assert all(torch.equal(sr[i : i + 1], tiled().upscale_tensor(lr[i : i + 1])) for i in range(3))
    assert told == sorted(told)
    assert told[-1] == 1


def test_work_of_tiles_over_that_of_the_picture() -> None:
    least = tiled(Settings(memory="1MB", overlap=32))  # windows of 4: tiles of 40, 8 further
    assert least.relative_work(256, 256) == 28**2 * 40**2 / 256**2
    assert least.relative_work(40, 37) == tiled().relative_work(60, 60) == 1
