from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from tiny import TINY, tiny

from hatsr.inference.engine import Engine, hat, linear
from hatsr.inference.engine.workers import Workers
from hatsr.inference.runner import Box, Runner, ignore_progress
from hatsr.model import HAT, preset
from hatsr.model.network import convolve
from hatsr.native import (
    disabled,
    kernels,
    supports_products,
    supports_rounded_products,
    using,
)

VARIANTS = [
    {},
    {"scale": 1},
    {"scale": 3},
    {"scale": 8},
    {"ocab": False},
    {"cab": False},
    {"cab": False, "ocab": False},
    {"overlap_ratio": 0.0},
    {"overlap_ratio": 1.0},
    {"num_heads": (3, 2)},
    {"qkv_bias": False},
    {"patch_norm": False},
    {"channel_attention": False},
    {"conv_scale": 1.0},
    {"depthwise_cab": True, "conv_scale": 1.0},
    {"embed_dim": 14, "num_heads": 7},
    {"window_size": 7, "overlap_ratio": 2 / 7},
    {"group_conv": "3conv"},
    {"group_conv": "identity"},
    {"tail": "pixelshuffle-direct"},
    {"tail": "nearest-conv", "scale": 4},
    {"tail": "residual", "scale": 1, "img_range": 255.0},
]


def difference(model: HAT, size: tuple[int, int], settings: Callable[[Engine], None]) -> float:
    """Largest difference between the engine and the plain network, over the output's scale."""
    torch.manual_seed(1)
    lr = torch.rand(1, model.config.channels, *size)
    with torch.no_grad():
        plain = model(lr)
    engine = Engine(model)
    settings(engine)
    return ((engine.run(lr) - plain).abs().max() / plain.abs().max().clamp(min=1)).item()


def keep(engine: Engine) -> None:
    """Chunks as the engine chooses them."""


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_equals_the_plain_network(changes: dict, near: float) -> None:
    model = tiny(**changes)
    m = model.config.window_size
    assert difference(model, (4 * m, 3 * m), keep) < near


@pytest.mark.parametrize("size", [(4, 4), (4, 20), (20, 4), (8, 8), (24, 36)])
def test_any_number_of_windows(size: tuple[int, int], near: float) -> None:
    assert difference(tiny(), size, keep) < near


@pytest.mark.parametrize("pixels", [1, 16, 40, 100, 1000])
def test_chunks_do_not_show(pixels: int, monkeypatch: pytest.MonkeyPatch, near: float) -> None:
    monkeypatch.setattr(hat, "CHUNK_BYTES", 4 * 36 * pixels)
    monkeypatch.setattr(hat, "LEAST_CHUNK", 1)
    monkeypatch.setattr(hat, "LEAST_WORK", 1)
    monkeypatch.setattr(hat, "TAIL_BLOCK", 12)
    assert difference(tiny(), (20, 28), keep) < near


def test_blocks_of_the_tail_do_not_show_without_a_closing_convolution(near: float) -> None:
    model = tiny(group_conv="identity", tail="pixelshuffle-direct")
    assert difference(model, (4, 100), keep) < near


def test_features_of_the_body_are_equal_too(near: float) -> None:
    model = tiny()
    lr = torch.rand(1, 3, 16, 24)
    engine = Engine(model)
    with torch.inference_mode():
        tile = engine._start(lr, Box(slice(0, 16), slice(0, 24)), Workers())
        engine._body([tile], None, Workers(), ignore_progress)
        x = (lr - model.mean) * model.config.img_range
        deep = model.embed_norm(model.shallow(x).permute(0, 2, 3, 1))
        for group in model.groups:
            deep = group(deep)
    assert (tile.x - deep[0]).abs().max() < near * deep.abs().max()


def test_without_fused_operators(monkeypatch: pytest.MonkeyPatch, near: float) -> None:
    monkeypatch.setattr(linear, "fuses", lambda weight: False)
    assert difference(tiny(), (16, 24), keep) < near


@pytest.mark.skipif(not supports_rounded_products(), reason="no units for bfloat16")
@pytest.mark.parametrize("changes", [{}, {"cab": False, "ocab": False}, {"group_conv": "3conv"}])
def test_products_of_bfloat16(changes: dict) -> None:
    """The network differs by what rounding every weight to bfloat16 would change, or less."""
    model, lr = tiny(**changes), torch.rand(1, 3, 16, 24)
    with torch.no_grad():
        plain = model(lr)
    engine = Engine(model, dtype=torch.bfloat16)
    sr = engine.run(lr)
    assert sr.dtype == torch.float32
    assert 0 < (sr - plain).abs().max() < 2**-7 * plain.abs().max()


def test_double_precision_is_exact() -> None:
    model = tiny().double()
    lr = torch.rand(1, 3, 16, 24, dtype=torch.float64)
    with torch.no_grad():
        plain = model(lr)
    assert (Engine(model, dtype=torch.float64).run(lr) - plain).abs().max() < 1e-10


def test_tiles_in_step_pool_like_the_whole_picture(near: float) -> None:
    model = tiny(conv_scale=1.0)
    engine = Engine(model)
    lr = torch.rand(1, 3, 16, 24)
    whole = engine.measure([(lr, Box(slice(0, 16), slice(0, 24)))])
    assert whole is not None
    assert len(whole) == sum(model.config.depths)
    halves = [
        (lr[:, :, :, :16], Box(slice(0, 16), slice(0, 12))),
        (lr[:, :, :, 8:], Box(slice(0, 16), slice(4, 16))),
    ]
    first = (engine.measure(halves) or [])[0]
    # The first block's pooling sees only what the first norm and convolutions see.
    assert (first - whole[0]).abs().max() < near
    given = engine.run(lr, means=whole)
    assert torch.equal(given, engine.run(lr))
    assert not torch.allclose(engine.run(lr, means=[m + 1 for m in whole]), given, atol=1e-3)


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    Engine(tiny()).run(torch.rand(1, 3, 8, 8), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == sum(TINY.depths) + len(TINY.depths)


@pytest.mark.parametrize("least_work", [hat.LEAST_WORK, 1])
def test_threads_do_not_change_the_result(least_work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hat, "LEAST_WORK", least_work)
    model, lr, threads = tiny(), torch.rand(1, 3, 16, 24), torch.get_num_threads()
    results = []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            results.append(Engine(model).run(lr))
    finally:
        torch.set_num_threads(threads)
    assert (results[0] - results[1]).abs().max() < 1e-5 * results[0].abs().max()


@pytest.mark.skipif(
    supports_products(torch.empty(0)),
    reason="not known of matrix units",
)
@pytest.mark.parametrize("opened", [lambda: using(kernels()), disabled], ids=["", "no kernels"])
@pytest.mark.parametrize("size", [(64, 16), (48, 256)])
def test_pieces_do_not_change_a_bit(
    size: tuple[int, int], opened: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a network as wide as the shipped ones; other numbers of threads cut other pieces."""
    config = replace(preset("hat-t"), depths=(2,), num_heads=(4,))
    lr = torch.rand(1, 3, *size)
    with opened():
        engine = Engine(HAT(config))
        whole = engine.run(lr)
        monkeypatch.setattr(hat, "LEAST_WORK", 1)
        for pixels in (700, 1500, 4000):
            monkeypatch.setattr(engine, "_piece", lambda _, pixels=pixels: pixels)
            assert torch.equal(engine.run(lr), whole)


@pytest.mark.parametrize("threads", [2, 4, 16])
def test_pieces_of_all_threads_are_no_larger_than_two_chunks(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hat, "LEAST_WORK", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    engine = Engine(tiny())
    assert threads * engine._piece(10**7) <= 2 * engine.chunk_pixels


def test_config_is_left_alone() -> None:
    model = tiny()
    Engine(model)
    assert model.config == replace(TINY)


@pytest.mark.parametrize("changes", [{"cab": False}, {"channel_attention": False}])
def test_nothing_is_shared_without_channel_attention(changes: dict) -> None:
    engine, lr = Engine(tiny(**changes)), torch.rand(1, 3, 8, 8)
    assert engine.measure([(lr, Box(slice(0, 8), slice(0, 8)))]) is None


@pytest.mark.parametrize("size", [(9, 8), (8, 10)])
def test_sides_are_multiples_of_the_window(size: tuple[int, int]) -> None:
    message = rf"multiples of the window 4, got {size[0]} x {size[1]}; pad it first"
    with pytest.raises(ValueError, match=message):
        Engine(tiny()).run(torch.rand(1, 3, *size))


def test_is_a_runner() -> None:
    engine = Engine(tiny())
    assert isinstance(engine, Runner)
    pixel = hat.bytes_per_pixel(engine.config)
    assert engine.bytes_needed(8, 12) - engine.bytes_needed(8, 8) == 8 * 4 * pixel


@pytest.mark.parametrize(
    ("changes", "halo"),
    [
        ({"scale": 1}, 3),
        ({"scale": 2}, 4),
        ({"scale": 3}, 4),
        ({"scale": 4}, 4),
        ({"scale": 8, "group_conv": "3conv"}, 5),
        ({"tail": "nearest-conv", "scale": 4}, 4),
        ({"tail": "pixelshuffle-direct", "group_conv": "identity"}, 2),
    ],
    ids=str,
)
def test_halo_is_what_the_tail_sees(changes: dict, halo: int) -> None:
    """The gradient of SR beside a block's edge ends where the halo ends, or before."""
    model = tiny(**changes).double()
    assert hat.tail_halo(model.config) == halo
    x = torch.rand(1, 24, 1, model.config.embed_dim, dtype=torch.float64, requires_grad=True)
    sr = model.tail(convolve(model.body_conv, x).permute(0, 3, 1, 2))
    edge = 12 * model.scale
    sr[:, :, edge].square().sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 2, 3)).nonzero()[0].item()
    assert 12 - halo <= seen <= 12 - halo + 1
