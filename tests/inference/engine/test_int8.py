from collections.abc import Callable

import numpy as np
import pytest
import torch
from tiny import tiny

from hatsr import load
from hatsr.inference.engine import Engine, int8
from hatsr.inference.engine.int8 import Int8Conv, Int8Linear, QuantisedTensor
from hatsr.inference.engine.linear import FastLinear, make_conv, make_linear
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler

needs_int8 = pytest.mark.skipif(int8.unusable() is not None, reason=str(int8.unusable()))


@pytest.fixture(params=["one pass", "two passes"])
def rounding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of rounding: torch's own, and without it."""
    if request.param == "two passes":
        monkeypatch.setattr(int8, "_rounds_in_one_pass", lambda: False)
    elif not int8._rounds_in_one_pass():
        pytest.skip("torch has no rounding of its own any more")
    int8._silence_deprecation()
    return request.param


def apart(a: torch.Tensor, b: torch.Tensor) -> float:
    """Difference over size, both as root mean squares."""
    return ((a - b).norm() / b.norm()).item()


# ---------------------------------------------------------------------- codes


@pytest.mark.parametrize(
    "values",
    [
        torch.linspace(-3, 5, 1001),
        torch.linspace(2, 5, 1001),
        torch.linspace(-5, -2, 1001),
        torch.linspace(-100.5, 154.5, 511),
        torch.linspace(-101.5, 153.5, 511),
        torch.zeros(7),
    ],
    ids=["both signs", "positive", "negative", "tie", "other tie", "nothing"],
)
def test_codes_are_the_nearest(rounding: str, values: torch.Tensor) -> None:
    y = QuantisedTensor.of(values)
    back = (y.codes.float() - y.zero) * y.scale
    assert (back - values).abs().max() <= 0.502 * y.scale
    assert 0 <= y.zero <= 255


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_features_that_are_not_finite(bad: float) -> None:
    with pytest.raises(ValueError, match=r"features must be finite, got .*; choose precision"):
        QuantisedTensor.of(torch.tensor([1.0, bad]))


# ---------------------------------------------------------------------- layers


@needs_int8
@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("way", ["alone", "gelu", "plus"])
def test_linear_layer(rounding: str, rows: int, way: str) -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(24, 12), torch.randn(24)
    x, other = torch.randn(rows, 12), torch.randn(rows, 24)
    ours, exact = Int8Linear(weight, bias), make_linear(weight, bias, rows)

    def added(layer: FastLinear) -> torch.Tensor:
        total = other.clone()
        layer.add_to(total, x)
        return total

    runs: dict[str, Callable] = {
        "alone": lambda layer: layer(x),
        "gelu": lambda layer: layer.then_gelu(x),
        "plus": added,
    }
    assert apart(runs[way](ours), runs[way](exact)) < 0.02


@needs_int8
@pytest.mark.parametrize(("height", "width"), [(3, 1), (5, 7), (10, 8)])
def test_convolution(rounding: str, height: int, width: int) -> None:
    torch.manual_seed(0)
    weight, bias, gain = torch.randn(20, 12, 3, 3), torch.randn(20), torch.randn(20)
    x, features = torch.randn(height, width, 12), torch.randn(height - 2, width, 20)
    x[0] = 0
    ours = Int8Conv(weight, bias).gated(gain)
    exact = make_conv(weight * gain[:, None, None, None], bias * gain)
    assert apart(ours.then_gelu(x), exact.then_gelu(x)) < 0.02
    sums = features.clone(), features.clone()
    for conv, total in zip((ours, exact), sums, strict=True):
        conv.add_to(total, x)
    assert apart(sums[0] - features, sums[1] - features) < 0.02


# ---------------------------------------------------------------------- networks


@needs_int8
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cab": False, "ocab": False},
        {"depthwise_cab": True},
        {"qkv_bias": False, "patch_norm": False},
        {"group_conv": "3conv"},
        {"group_conv": "identity"},
        {"tail": "nearest-conv", "scale": 4},
        {"embed_dim": 14, "num_heads": 7},
        {"channels": 1},
    ],
    ids=str,
)
def test_close_to_float(changes: dict) -> None:
    model = tiny(**changes)
    lr = torch.rand(1, model.config.channels, 16, 24)
    exact = Engine(model).run(lr)
    sr = Engine(model, int8=True).run(lr)
    assert 0 < apart(sr, exact) < 0.05
    assert torch.equal(Engine(model).run(lr), exact)  # the network is left alone


@needs_int8
@pytest.mark.parametrize("size", [(1, 1), (5, 9), (16, 13)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    model = tiny()
    lr = torch.rand(1, 3, *size)
    with torch.no_grad():
        exact = model(lr)
    sr = Upscaler(model, "tiny", Settings(precision="int8")).upscale_tensor(lr)
    assert sr.shape == exact.shape
    assert apart(sr, exact) < 0.1


@needs_int8
def test_tiles() -> None:
    settings = Settings(precision="int8", tile=16, overlap=8)
    lr = torch.rand(1, 3, 28, 40)
    tiled = Upscaler(tiny(), "tiny", settings).upscale_tensor(lr)
    exact = Upscaler(tiny(), "tiny", Settings(tile=16, overlap=8)).upscale_tensor(lr)
    assert apart(tiled, exact) < 0.05


@needs_int8
def test_threads_do_not_change_the_result() -> None:
    engine, lr, threads = (
        Engine(tiny(), int8=True),
        torch.rand(1, 3, 16, 24),
        torch.get_num_threads(),
    )
    results = []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            results.append(engine.run(lr))
    finally:
        torch.set_num_threads(threads)
    # What differs by rounding in float32 can fall to the next code in a few places.
    assert apart(results[0], results[1]) < 1e-3


@needs_int8
def test_without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    model, lr = tiny(), torch.rand(1, 3, 8, 8)
    engine = Engine(model, int8=True)
    assert engine.tail is model.tail
    assert apart(engine.run(lr), Engine(model).run(lr)) < 0.05


# ---------------------------------------------------------------------- the way in


@needs_int8
def test_load() -> None:
    lr = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    sr = load("hat-t-x4", precision="int8").upscale(lr)
    exact = load("hat-t-x4").upscale(lr)
    assert sr.shape == (36, 44, 3)
    assert np.abs(sr.astype(int) - exact).mean() < 2


def test_only_on_a_cpu() -> None:
    with pytest.raises(ValueError, match="device must be cpu for int8, got cuda:1; choose fp16"):
        Settings(precision="int8", device="cuda:1")


def test_where_it_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    with pytest.raises(ValueError, match="must not be int8 here, the processor has no AVX-512 VN"):
        Settings(precision="int8")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with pytest.raises(ValueError, match="PyTorch has no oneDNN; choose fp32"):
        Settings(precision="int8")
