"""What only a CUDA device can show: its kernels, its engine and training on it against the CPU.

HATSR_UNINSTRUMENTED=1 python -m pytest -m cuda
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import TINY, tiny
from torch import Tensor

from hatsr.inference.cuda import CudaEngine, cuda_engine
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler
from hatsr.model import HAT, preset
from hatsr.model.attention import aligned_attend, attend
from hatsr.model.triton.triton_support import triton_unusable
from hatsr.model.windows import merge, partition, seam_regions, window_kinds
from hatsr.training import read_recipe, train

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
CASES = [
    # window, overlap, shift, heads, width
    (16, 0, 0, 6, 30),
    (16, 0, 8, 6, 30),
    (16, 8, 0, 6, 30),
    (16, 8, 0, 6, 32),
    (8, 0, 4, 4, 16),
    (8, 4, 0, 2, 64),
    (24, 0, 12, 1, 10),
    (7, 2, 0, 3, 7),
]
NEAR = {torch.float32: 1e-5, torch.float16: 3e-3, torch.bfloat16: 2e-2}


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def with_gradients(qkv: Tensor, bias: Tensor, **sizes: int) -> list[Tensor]:
    given = [t.clone().requires_grad_() for t in (qkv, bias)]
    out = attend(*given, **sizes)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return [out, *torch.autograd.grad((out * weights.to(out)).sum(), given)]


def test_kernels_can_be_compiled() -> None:
    assert triton_unusable("cuda:0") == ""


@pytest.mark.parametrize("dtype", NEAR, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernels_are_the_plain_attention(case: tuple[int, ...], dtype: torch.dtype) -> None:
    window, overlap, shift, heads, width = case
    generator = torch.Generator().manual_seed(0)
    qkv = torch.randn(2, 3 * window, 2 * window, 3 * heads * width, generator=generator).to(dtype)
    bias = torch.randn(heads, window**2, (window + overlap) ** 2, generator=generator)
    sizes = {"window": window, "overlap": overlap, "shift": shift}
    found = with_gradients(qkv.cuda(), bias.cuda(), **sizes)
    wanted = with_gradients(qkv.double(), bias.double(), **sizes)
    for ours, plain in zip(found, wanted, strict=True):
        error = (ours.cpu().double() - plain).abs().max() / plain.abs().max()
        assert error < NEAR[dtype]


def test_fused_attention_without_kernels() -> None:
    qkv, bias = torch.randn(1, 32, 48, 180, device="cuda"), torch.randn(2, 256, 256, device="cuda")
    q, k, v = partition(qkv.roll((-8, -8), (1, 2)), 16).chunk(3, -1)
    mixed = aligned_attend(q, k, v, bias, window_kinds(32, 48, 16), seam_regions(16, 8))
    found = merge(mixed, 16, 32, 48).roll((8, 8), (1, 2)).cpu()
    wanted = attend(qkv.cpu(), bias.cpu(), window=16, shift=8)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["hat", "hat-s", "hat-t"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_sr_is_that_of_a_cpu(name: str, precision: str) -> None:
    torch.manual_seed(0)
    config = preset(name)
    model = HAT(replace(config, depths=config.depths[:2])).eval()
    lr = torch.rand(2, 3, 48, 40)
    with torch.no_grad():
        plain = model(lr)
    settings = Settings(device="cuda", precision=precision)  # pyright: ignore[reportArgumentType]
    upscaler = Upscaler(model, name, settings)
    for _ in range(3):  # run, recorded, replayed
        assert (upscaler.upscale_tensor(lr) - plain).abs().max() < 1e-3


def test_shipped_weights_in_bf16_are_near() -> None:
    import hatsr

    lr = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 96, 96), 5, 1)
    half = hatsr.load("hat-t-x4", device="cuda").upscale_tensor(lr)
    assert hatsr.load("hat-t-x4", device="cuda").settings.precision == "bf16"
    exact = hatsr.load("hat-t-x4", device="cpu").upscale_tensor(lr)
    assert (
        hatsr.load("hat-t-x4", device="cuda", precision="fp32").upscale_tensor(lr) - exact
    ).abs().max() < 1e-3
    assert (half - exact).square().mean() < 1e-6  # 60 dB


def test_tiles_and_batches_do_not_show() -> None:
    model, lr = tiny(), torch.rand(1, 3, 100, 132)
    on_cpu = Settings(device="cpu", tile=48, overlap=16)
    on_gpu = Settings(device="cuda", precision="fp32", tile=48, overlap=16)
    wanted = Upscaler(tiny(), "tiny", on_cpu).upscale_tensor(lr)
    found = Upscaler(model, "tiny", on_gpu)
    assert (found.upscale_tensor(lr) - wanted).abs().max() < 1e-3 * wanted.abs().max()


def test_memory_is_within_what_is_said() -> None:
    engine = CudaEngine(HAT(preset("hat")), device="cuda", dtype=torch.bfloat16)
    lr = torch.rand(1, 3, 512, 512, device="cuda")
    engine.run(lr[..., :64, :64])
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    engine.run(lr)
    assert torch.cuda.max_memory_allocated() - before < engine.bytes_needed(512, 512)


def test_out_of_memory_is_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The card's real error, from a share of its memory that one tile fits and a batch does not."""
    model = HAT(replace(preset("hat"), depths=(1,)))
    lr = torch.rand(1, 3, 640, 640)
    wanted = Upscaler(model, "hat", Settings(device="cuda", tile=256)).upscale_tensor(lr)
    monkeypatch.setattr(CudaEngine, "pictures_at_once", lambda self, h, w, limit: 9)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 1.5e9) / total)
    try:
        found = Upscaler(model, "hat", Settings(device="cuda", tile=256)).upscale_tensor(lr)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert (found - wanted).abs().max() < 1e-3


def test_recordings_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = CudaEngine(tiny(), device="cuda", dtype=torch.float16)
    lr = torch.rand(2, 3, 16, 16)
    first = engine.run(lr)
    for _ in range(3):
        assert torch.equal(engine.run(lr), first)
    assert engine.recorded.graphs[2, 3, 16, 16] is not None
    monkeypatch.setattr(cuda_engine, "RECORDED_PIXELS", 0)
    assert torch.equal(engine.run(lr), first)


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_a_step_is_that_of_a_cpu(precision: str) -> None:
    lr, hr = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 32, 32)
    gradients = []
    for device in ("cpu", "cuda"):
        model = tiny().to(device)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            sr = model(lr.to(device))
        (sr - hr.to(device)).square().mean().backward()
        gradients.append([p.grad.cpu() for p in model.parameters() if p.grad is not None])
    near = 1e-3 if precision == "no" else 0.1
    for plain, ours in zip(*gradients, strict=True):
        assert (ours - plain).norm() <= near * plain.norm() + 1e-6


def test_training_goes_on_where_it_was(pictures: Path, tmp_path: Path) -> None:
    def recipe(iterations: int) -> list[str]:
        network = f"network={{preset: hat-t, scale: {TINY.scale}, embed_dim: 16, depths: [1, 1]}}"
        folders = [f"data.train=[{pictures}]", f"valid.data={pictures}"]
        sizes = ["data.patch=16", "data.batch=4", "data.workers=2", "precision=bf16"]
        return [network, *folders, *sizes, f"iterations={iterations}", "save.tensorboard=false"]

    for iterations in (4, 8):
        result = train(read_recipe("hat-t-x4", recipe(iterations)), tmp_path)
        assert result.progress.step == iterations
