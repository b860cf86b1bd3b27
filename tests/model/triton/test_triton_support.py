"""Where the kernels for GPUs can run."""

import pytest
import torch

from hatsr.model.triton import triton_support
from hatsr.model.triton.triton_support import supports_triton


def test_is_for_gpus_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert not supports_triton(torch.zeros(1))
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert supports_triton(torch.zeros(1))
    assert not supports_triton(torch.zeros(1, dtype=torch.float64))
    assert not supports_triton(torch.zeros(1, dtype=torch.bfloat16))
    assert not supports_triton(torch.zeros(1, device="meta"))


def test_a_gpu_that_cannot_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    triton_support._tried.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert triton_support.triton_unusable("cuda:0") == "the GPU is older than Ampere"
    triton_support._tried.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert triton_support.triton_unusable("cuda:0") != ""  # there is none
    triton_support._tried.cache_clear()
