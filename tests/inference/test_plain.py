"""Networks without an engine run by their own forward, whole or in tiles."""

import pytest
import torch
from jaxtyping import Float
from tiny import tiny
from torch import Tensor, nn

from hatsr.inference.engine import Engine
from hatsr.inference.plain import OVER_TENSORS, PlainRunner, make_runner
from hatsr.inference.runner import Box, Runner
from hatsr.inference.settings import Settings
from hatsr.inference.tiling.budget import FIXED_BYTES
from hatsr.inference.upscaler import Upscaler
from hatsr.model import Network


class Small(nn.Module):
    """Two convolutions and a pixel shuffle; refuses sides that are odd."""

    scale, channels, multiple = 2, 3, 2

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.last = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 12, 3, padding=1)

    def forward(self, lr: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 sr_h sr_w"]:
        if lr.shape[-1] % 2 or lr.shape[-2] % 2:
            raise ValueError("sides must be even")
        return nn.functional.pixel_shuffle(self.last(self.wide(lr)), 2)


def small() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def test_contracts() -> None:
    runner = make_runner(small(), device="cpu", dtype=torch.float32)
    assert isinstance(small(), Network)
    assert isinstance(runner, PlainRunner)
    assert isinstance(runner, Runner)
    assert isinstance(make_runner(tiny(), device="cpu", dtype=torch.float32), Engine)


@pytest.mark.parametrize("size", [(1, 1), (7, 10), (8, 8)])
def test_any_size_is_padded_to_what_the_network_needs(size: tuple[int, int]) -> None:
    lr = torch.rand(1, 3, *size)
    sr = Upscaler(small(), "small").upscale_tensor(lr)
    assert sr.shape == (1, 3, 2 * size[0], 2 * size[1])
    padded = torch.nn.functional.pad(lr, (0, size[1] % 2, 0, size[0] % 2), mode="replicate")
    with torch.no_grad():
        whole = small()(padded)
    reach = 2 * 2 + 2  # SR pixels that see what was padded; sides were reflected there
    inner = (slice(None), slice(None), slice(0, sr.shape[2] - reach), slice(0, sr.shape[3] - reach))
    assert torch.equal(sr[inner], whole[inner])


def test_tiles_are_the_whole_where_they_see_enough() -> None:
    lr = torch.rand(1, 3, 48, 64)
    told: list[float] = []
    tiled = Upscaler(small(), "small", Settings(tile=24, overlap=8)).upscale_tensor(lr, told.append)
    torch.testing.assert_close(tiled, Upscaler(small(), "small").upscale_tensor(lr))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_memory_is_that_of_the_tensors_there_at_a_time() -> None:
    runner = PlainRunner(small(), device="cpu", dtype=torch.float32)
    pixels = 10 * 14
    # LR and both maps; by the time of the shuffle the wide one has gone, and LR with it.
    tensors = 4 * pixels * (3 + 32 + 12)
    assert runner.bytes_needed(10, 14) == FIXED_BYTES + int(OVER_TENSORS * tensors)


def test_too_little_memory_makes_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, ...]] = []
    upscaler = Upscaler(small(), "small", Settings(memory=FIXED_BYTES + 400_000))
    run = PlainRunner.run

    def spy(self: PlainRunner, lr: Tensor, **rest: object) -> Tensor:
        sizes.append(tuple(lr.shape[2:]))
        return run(self, lr, **rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(PlainRunner, "run", spy)
    lr = torch.rand(1, 3, 64, 64)
    sr = upscaler.upscale_tensor(lr)
    assert len(sizes) > 1
    torch.testing.assert_close(sr, Upscaler(small(), "small").upscale_tensor(lr))


def test_nothing_is_shared() -> None:
    patch = torch.rand(1, 3, 8, 8), Box(slice(0, 8), slice(0, 8))
    assert PlainRunner(small(), device="cpu", dtype=torch.float32).measure([patch]) is None


def test_what_is_no_network() -> None:
    with pytest.raises(ValueError, match=r"a network must have scale, .*, got Conv2d without"):
        make_runner(nn.Conv2d(3, 3, 1), device="cpu", dtype=torch.float32)


def test_bfloat16_on_a_cpu_is_for_hat() -> None:
    with pytest.raises(ValueError, match="precision must not be bf16 on a cpu for Small, only for"):
        make_runner(small(), device="cpu", dtype=torch.bfloat16)


def test_int8_is_for_hat() -> None:
    with pytest.raises(ValueError, match="precision must not be int8 for Small, only for HAT"):
        make_runner(small(), device="cpu", dtype=torch.float32, int8=True)
