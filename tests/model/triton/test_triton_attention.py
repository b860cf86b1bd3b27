"""Kernels of Triton against the plain network: interpreted on a CPU, and compiled for GPUs.

`make test-triton` runs these; a GPU is not needed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from compiled_kernels import LEAST_SHARED, STEM
from tiny import tiny
from torch import Tensor

from hatsr.model import attention
from hatsr.model.attention import aligned_attend, attend
from hatsr.model.triton import triton_attention
from hatsr.model.triton.triton_attention import supports_triton, triton_attend
from hatsr.model.windows import merge, partition, seam_regions, window_kinds
from hatsr.native import disabled

interpreted = pytest.mark.triton

CASES = [
    # pictures, rows and columns of windows, window, overlap, shift, heads, width, block
    (2, 2, 3, 4, 0, 0, 2, 7, 16),
    (2, 2, 3, 4, 0, 2, 2, 7, 16),
    (1, 1, 2, 4, 0, 2, 1, 10, 16),
    (1, 3, 1, 5, 0, 2, 2, 10, 16),
    (2, 3, 2, 4, 2, 0, 2, 30, 16),
    (1, 2, 2, 4, 4, 0, 1, 64, 16),
    (1, 2, 3, 4, 10, 0, 1, 8, 64),
    (1, 2, 2, 8, 0, 4, 1, 64, 32),
    (1, 2, 1, 16, 8, 0, 1, 30, 1024),
    (1, 1, 2, 16, 0, 8, 1, 30, 256),
    (1, 1, 1, 24, 0, 12, 1, 10, 1024),
    (1, 1, 1, 24, 12, 0, 1, 7, 2048),
]


def inputs(case: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    b, rows, cols, window, overlap, _, heads, width, _ = case
    generator = torch.Generator().manual_seed(0)
    qkv = torch.randn(b, rows * window, cols * window, 3 * heads * width, generator=generator)
    bias = torch.randn(heads, window**2, (window + overlap) ** 2, generator=generator)
    return qkv.to(dtype), bias


def with_gradients(function, qkv: Tensor, bias: Tensor, **sizes: int) -> list[Tensor]:
    given = [t.clone().requires_grad_() for t in (qkv, bias)]
    out = function(*given, **sizes)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return [out, *torch.autograd.grad((out * weights.to(out)).sum(), given)]


@interpreted
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_plain_attention_with_its_gradients(
    case: tuple[int, ...], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, _, window, overlap, shift, _, _, block = case
    if dtype == torch.float16 and window > 8:
        pytest.skip("slow, and the same code")
    monkeypatch.setattr(triton_attention, "_MAX_BLOCK", block)
    qkv, bias = inputs(case, dtype)
    sizes = {"window": window, "overlap": overlap, "shift": shift}
    found = with_gradients(triton_attend, qkv, bias, **sizes)
    wanted = with_gradients(attend, qkv.double(), bias.double(), **sizes)
    near = 2e-6 if dtype == torch.float32 else 2e-3
    for ours, plain in zip(found, wanted, strict=True):
        assert (ours.double() - plain).abs().max() < near * plain.abs().max()


@interpreted
def test_gradients_are_the_same_every_time() -> None:
    qkv, bias = inputs(CASES[2], torch.float32)
    first, second = (with_gradients(triton_attend, qkv, bias, window=4, shift=2) for _ in "ab")
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@interpreted
def test_the_door_takes_it_for_the_whole_network(monkeypatch: pytest.MonkeyPatch) -> None:
    lr, calls, original = torch.rand(1, 3, 8, 8), [], attention.triton_attend

    def counted(*given: Tensor, **sizes: int) -> Tensor:
        calls.append(sizes)
        return original(*given, **sizes)

    monkeypatch.setattr(attention, "triton_attend", counted)
    model = tiny()
    sr = model(lr)
    gradients = torch.autograd.grad(sr.square().sum(), list(model.parameters()))
    assert len(calls) == 5
    plain = model.double()
    with disabled():
        wanted = plain(lr.double())
    torch.testing.assert_close(sr.double(), wanted, rtol=1e-5, atol=1e-5)
    wanted_gradients = torch.autograd.grad(wanted.square().sum(), list(plain.parameters()))
    for ours, theirs in zip(gradients, wanted_gradients, strict=True):
        assert (ours.double() - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@interpreted
def test_is_an_operator_that_can_be_traced() -> None:
    qkv, bias = inputs(CASES[2], torch.float32)
    given = qkv.requires_grad_(), bias.requires_grad_(), 4, 0, 2
    torch.library.opcheck(torch.ops.hatsr.triton_attention.default, given)


@interpreted
def test_compiles_for_gpus() -> None:
    """Shared memory fits the smallest of them."""
    command = [sys.executable, str(Path(__file__).parents[2] / f"{STEM}.py")]
    env = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 6
    assert all(int(shared) <= LEAST_SHARED for *_, shared in lines), done.stdout


@pytest.mark.parametrize("width", [7, 8, 30])
@pytest.mark.parametrize(("rows", "cols", "shift"), [(2, 3, 0), (2, 3, 2), (1, 2, 2), (1, 1, 2)])
def test_fused_attention_with_heads_filled_up(rows: int, cols: int, shift: int, width: int) -> None:
    qkv, bias = inputs((2, rows, cols, 4, 0, shift, 2, width, 16), torch.float64)
    bias = bias.double().requires_grad_()
    h, w = 4 * rows, 4 * cols
    wanted = with_gradients(attend, qkv, bias, window=4, shift=shift)

    def filled(qkv: Tensor, bias: Tensor) -> Tensor:
        q, k, v = partition(qkv.roll((-shift, -shift), (1, 2)), 4).chunk(3, -1)
        kinds = window_kinds(h, w, 4) if shift else None
        out = merge(aligned_attend(q, k, v, bias, kinds, seam_regions(4, shift)), 4, h, w)
        return out.roll((shift, shift), (1, 2))

    for ours, plain in zip(with_gradients(filled, qkv, bias), wanted, strict=True):
        torch.testing.assert_close(ours, plain)


def test_is_for_gpus_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert not supports_triton(torch.zeros(1))
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert supports_triton(torch.zeros(1))
    assert not supports_triton(torch.zeros(1, dtype=torch.float64))
    assert not supports_triton(torch.zeros(1, dtype=torch.bfloat16))
    assert not supports_triton(torch.zeros(1, device="meta"))


def test_a_gpu_that_cannot_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    triton_attention._tried.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert triton_attention.triton_unusable("cuda:0") == "the GPU is older than Ampere"
    triton_attention._tried.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert triton_attention.triton_unusable("cuda:0") != ""  # there is none
    triton_attention._tried.cache_clear()
