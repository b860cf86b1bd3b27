"""Kernels of Triton against the plain attention: interpreted on a CPU, and compiled for GPUs.

`make test-triton` runs these; a GPU is not needed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from attention_cases import CASES, inputs, with_gradients
from compiled_kernels import LEAST_SHARED, STEM

from hatsr.model.attention import attend
from hatsr.model.triton import triton_attention
from hatsr.model.triton.triton_attention import triton_attend

pytestmark = pytest.mark.triton


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


def test_gradients_are_the_same_every_time() -> None:
    qkv, bias = inputs(CASES[2], torch.float32)
    first, second = (with_gradients(triton_attend, qkv, bias, window=4, shift=2) for _ in "ab")
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_compiles_for_gpus() -> None:
    """Shared memory fits the smallest of them."""
    command = [sys.executable, str(Path(__file__).parents[2] / f"{STEM}.py")]
    env = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 6
    assert all(int(shared) <= LEAST_SHARED for *_, shared in lines), done.stdout
