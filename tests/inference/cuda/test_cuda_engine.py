"""The engine for GPUs is the plain network; here it runs on the CPU."""

import pytest
import torch
from tiny import tiny

from hatsr.inference.cuda import CudaEngine, cuda_engine
from hatsr.inference.engine import Engine
from hatsr.inference.plain import LiveBytes, make_runner
from hatsr.inference.runner import Box, Runner
from hatsr.inference.tiling.budget import FIXED_BYTES
from hatsr.model import HAT, HATConfig

VARIANTS = [
    {},
    {"embed_dim": 30, "num_heads": 3, "squeeze_factor": 5},  # heads of 10
    {"embed_dim": 14, "num_heads": (2, 7)},
    {"depths": (1, 2), "num_heads": (2, 3), "channels": 1},
    {"cab": False, "ocab": False, "patch_norm": False},
    {"channel_attention": False, "qkv_bias": False, "conv_scale": 1.0},
    {"depthwise_cab": True, "conv_scale": 1.0},
    {"window_size": 7, "overlap_ratio": 2 / 7},
    {"group_conv": "3conv", "embed_dim": 24},
    {"group_conv": "identity", "tail": "pixelshuffle-direct"},
    {"tail": "nearest-conv", "scale": 4},
    {"tail": "residual", "scale": 1, "img_range": 255.0},
]


def exact(model: HAT) -> CudaEngine:
    return CudaEngine(model, device="cpu", dtype=torch.float64)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_equals_the_plain_network(changes: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_engine, "TAIL_BLOCK", 10)
    model = tiny(**changes).double()
    m, channels = model.config.window_size, model.config.channels
    lr = torch.rand(2, channels, 4 * m, 3 * m, dtype=torch.float64)
    with torch.no_grad():
        plain = model(lr)
    torch.testing.assert_close(exact(model).run(lr), plain, rtol=1e-10, atol=1e-10)


@pytest.mark.triton
@pytest.mark.parametrize(
    "changes",
    [{}, {"embed_dim": 10}, {"channel_attention": False, "conv_scale": 1.0}],
    ids=str,
)
def test_kernels_do_not_show(changes: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    model, lr = tiny(**changes), torch.rand(2, 3, 8, 4)
    monkeypatch.setenv("TRITON_INTERPRET", "0")
    with torch.no_grad():
        plain = model(lr)
    engine = CudaEngine(model, device="cpu", dtype=torch.float32)
    means = engine.measure([(lr[:1], Box(slice(0, 8), slice(0, 4)))])
    shared = engine.run(lr, means=means)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    torch.testing.assert_close(engine.run(lr), plain, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(engine.run(lr, means=means), shared, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dtype", "near"), [(torch.bfloat16, 2e-3), (torch.float16, 3e-4)])
def test_products_in_half_keep_features_and_sr_in_float32(dtype: torch.dtype, near: float) -> None:
    torch.manual_seed(0)
    model = HAT(tiny().config)  # weights as at the start of training
    lr = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        plain = model(lr)
    sr = CudaEngine(model, device="cpu", dtype=dtype).run(lr)
    assert sr.dtype == torch.float32
    assert 0 < (sr - plain).abs().max() < near


def test_patches_pool_like_those_of_the_engine_for_cpus() -> None:
    model = tiny(conv_scale=1.0).double()
    lr = torch.rand(3, 3, 16, 12, dtype=torch.float64)
    sides = [(0, 16, 2, 9), (3, 12, 0, 12), (4, 8, 1, 2)]
    boxes = [Box(slice(top, bottom), slice(left, right)) for top, bottom, left, right in sides]
    patches = list(zip(lr.split(1), boxes, strict=True))
    wanted = Engine(model, dtype=torch.float64).measure(patches)
    found = exact(model).measure(patches)
    assert wanted is not None
    assert found is not None
    torch.testing.assert_close(found, wanted)
    ours, theirs = (runner.run(lr[:1], means=wanted) for runner in (exact(model), _engine(model)))
    torch.testing.assert_close(ours, theirs)
    assert exact(tiny(cab=False).double()).measure(patches) is None


def _engine(model: HAT) -> Engine:
    return Engine(model, dtype=torch.float64)


def test_progress_and_sides() -> None:
    told: list[float] = []
    engine, means = exact(tiny().double()), [torch.zeros(12)] * 3
    engine.run(torch.rand(1, 3, 8, 8), means=means, progress=told.append)
    engine.run(torch.rand(1, 3, 8, 8), progress=told.append)
    assert told == [0.5, 1.0, 1.0]
    with pytest.raises(ValueError, match="sides that are multiples of the window 4, got 8 x 6"):
        engine.run(torch.rand(1, 3, 8, 6))


@pytest.mark.parametrize(
    "config",
    [
        HATConfig(depths=(2,)),
        HATConfig(depths=(2,), embed_dim=144, compress_ratio=24, squeeze_factor=24),
        HATConfig(depths=(2,), embed_dim=64, num_heads=4, window_size=8, squeeze_factor=16),
        HATConfig(depths=(2,), window_size=8, cab=False, ocab=False, tail="nearest-conv"),
    ],
    ids=lambda config: f"{config.embed_dim}-{config.window_size}-{config.tail}",
)
@pytest.mark.parametrize("size", [(64, 64), (512, 768)])
def test_memory_is_that_of_the_tensors_there_at_a_time(
    config: HATConfig, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatsr.model.attention.supports_triton", lambda qkv: True)
    with torch.device("meta"):
        engine = CudaEngine(HAT(config), device="meta", dtype=torch.bfloat16)
        live = LiveBytes()
        with live:
            engine.run(torch.empty(1, 3, *size))
    needed = engine.bytes_needed(*size) - FIXED_BYTES
    assert 0.98 * live.most <= needed <= 1.5 * live.most


def test_hat_at_1024_stays_below_12_gb() -> None:
    engine = CudaEngine(HAT(HATConfig(depths=(1,))), device="cpu", dtype=torch.bfloat16)
    assert engine.bytes_needed(1024, 1024) < 7e9


def test_how_many_at_once() -> None:
    engine = exact(tiny().double())
    need = engine.bytes_needed(16, 16)
    assert engine.pictures_at_once(16, 16, 5 * need) == 5
    assert engine.pictures_at_once(16, 16, 1) == 1
    assert engine.pictures_at_once(64, 64, 10**15) == 128
    assert engine.pictures_at_once(4096, 4096, 10**15) == 1


def test_is_what_runs_a_hat_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(exact(tiny().double()), Runner)
    made: list[object] = []
    monkeypatch.setattr(CudaEngine, "__init__", lambda self, model, **rest: made.append(rest))
    runner = make_runner(tiny(), device="cuda:1", dtype=torch.bfloat16)
    assert isinstance(runner, CudaEngine)
    assert made == [{"device": "cuda:1", "dtype": torch.bfloat16}]
    assert isinstance(make_runner(tiny(), device="cpu", dtype=torch.float32), Engine)
