"""Several pictures or tiles at once on a GPU's engine; half as many where memory runs out."""

import pytest
import torch
from tiny import tiny
from torch import Tensor

from hatsr.inference import plain
from hatsr.inference.cuda import CudaEngine
from hatsr.inference.cuda.cuda_blocks import CudaRHAG
from hatsr.inference.settings import Settings
from hatsr.inference.tiling.batches import in_batches, is_out_of_memory
from hatsr.inference.upscaler import Upscaler
from hatsr.model import HAT


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The engine for CUDA on the CPU; how many pictures each of its batches had."""
    sizes: list[int] = []
    run = CudaEngine.run

    def spy(self: CudaEngine, lr: Tensor, **rest: object) -> Tensor:
        sizes.append(len(lr))
        return run(self, lr, **rest)  # pyright: ignore[reportArgumentType]

    def engine(network: HAT, *, device: str, dtype: torch.dtype, int8: bool) -> CudaEngine:
        return CudaEngine(network, device=device, dtype=dtype)

    monkeypatch.setattr(CudaEngine, "run", spy)
    monkeypatch.setitem(plain.ENGINES, HAT, engine)
    return sizes


def memory_for(pictures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network itself run out of memory, as PyTorch on a GPU does, beyond so many."""
    original = CudaRHAG.__call__

    def tight(self: CudaRHAG, x: Tensor, pooling: object) -> None:
        if len(x) > pictures:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        original(self, x, pooling)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(CudaRHAG, "__call__", tight)


def test_pictures_go_together_as_far_as_memory_holds_them(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lr, told = torch.rand(5, 3, 9, 7), []
    with torch.no_grad():
        wanted = torch.cat([tiny()(one) for one in lr.split(1)])
    together = Upscaler(tiny(), "tiny").upscale_tensor(lr, told.append)
    torch.testing.assert_close(together, wanted, rtol=1e-4, atol=1e-4)
    assert (batches, told[-1]) == ([5], 1.0)
    batches.clear()
    memory_for(2, monkeypatch)
    halved = Upscaler(tiny(), "tiny").upscale_tensor(lr, told.append)
    torch.testing.assert_close(halved, wanted, rtol=1e-4, atol=1e-4)
    assert batches == [5, 2, 2, 1]


def test_tiles_go_together_and_share_their_means(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lr, told = torch.rand(1, 3, 40, 60), []
    settings = Settings(tile=24, overlap=8)
    found = Upscaler(tiny(), "tiny", settings).upscale_tensor(lr, told.append)
    assert batches == [8]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    batches.clear()
    memory_for(4, monkeypatch)
    # The patches that are measured together do not fit either: smaller tiles have fewer.
    monkeypatch.setattr(CudaEngine, "measure", lambda self, patches, progress: None)
    halved = Upscaler(tiny(cab=False), "tiny", settings).upscale_tensor(lr)
    assert batches == [8, 4, 4]
    assert halved.shape == found.shape
    monkeypatch.undo()
    plain_tiles = Upscaler(tiny(), "tiny", settings).upscale_tensor(lr)
    torch.testing.assert_close(found, plain_tiles, rtol=1e-4, atol=1e-4)


def test_only_pictures_that_are_not_finite_are_run_again(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CudaEngine.run

    def overflowing(self: CudaEngine, lr: Tensor, **rest: object) -> Tensor:
        sr = run(self, lr, **rest).clone()  # pyright: ignore[reportArgumentType]
        if self.dtype != torch.float32:
            sr[1] = torch.inf
        return sr

    monkeypatch.setattr(CudaEngine, "run", overflowing)
    settings = Settings()
    object.__setattr__(settings, "precision", "fp16")  # which is refused on a cpu
    lr = torch.rand(3, 3, 8, 8)
    sr = Upscaler(tiny(), "tiny", settings).upscale_tensor(lr)
    with torch.no_grad():
        torch.testing.assert_close(sr[1:2], tiny()(lr[1:2]), rtol=1e-4, atol=1e-4)
    assert batches == [3, 1]
    assert torch.isfinite(sr).all()


def test_one_alone_that_does_not_fit_is_told() -> None:
    def work(batch: Tensor, first: int) -> Tensor:
        raise MemoryError("none")

    with pytest.raises(MemoryError, match="none"):
        list(in_batches(torch.rand(3, 3, 4, 4).split(1), 2, work))


def test_other_errors_stop_a_batch() -> None:
    def work(batch: Tensor, first: int) -> Tensor:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        list(in_batches(torch.rand(3, 3, 4, 4).split(1), 2, work))
    assert is_out_of_memory(torch.OutOfMemoryError("x"))
