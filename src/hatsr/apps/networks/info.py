"""`hatsr info`: what a checkpoint holds, or how this machine runs networks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.cli.exit_codes import Command, wrong_usage
from hatsr.apps.cli.options import NAME, json_option
from hatsr.apps.cli.overrides import set_option

if TYPE_CHECKING:
    from hatsr.checkpoint import Checkpoint
    from hatsr.model import NetworkConfig


@click.command(cls=Command)
@click.argument("model", required=False, type=NAME)
@set_option()
@json_option()
def info(model: str | None, overrides: dict[str, object], as_json: bool) -> None:
    """Say what the checkpoint MODEL holds; without one, how this machine will run networks."""
    if model is None:
        if overrides:
            raise click.UsageError("--set must go with a MODEL")
        _print(_machine(), as_json)
        return
    from hatsr import checkpoint

    with wrong_usage():
        path = checkpoint.resolve(model)
        found = checkpoint.read(path, overrides)
    _print(_facts(path, found), as_json)
    say_assumed(found)


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {', '.join(value) or 'nothing' if name == 'assumed' else value}")


def say_assumed(found: Checkpoint) -> None:
    """Say which settings may be wrong without anything else telling so."""
    if found.assumed:
        click.echo(
            f"assumed, since no tensor shows it: {values_of(found.config, found.assumed)}; if the "
            "network was trained with other values, give them by --set KEY=VALUE",
            err=True,
        )


def values_of(config: NetworkConfig, names: tuple[str, ...]) -> str:
    """Names and values of hyper-parameters as one text."""
    return ", ".join(f"{name} {getattr(config, name)}" for name in names)


def _machine() -> dict[str, object]:
    import platform

    import torch

    from hatsr.inference.engine import can_retain_freed_memory, fuses
    from hatsr.inference.settings import choose_device
    from hatsr.inference.tiling.memory import available_bytes
    from hatsr.native import (
        Kernels,
        kernels,
        supports_products,
        supports_rounded_products,
    )
    from hatsr.version import __version__

    fused, native, device = fuses(torch.empty(1)), kernels(), choose_device()
    return {
        "hatsr": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": _describe(device),
        "threads": torch.get_num_threads(),
        "vector unit": torch.backends.cpu.get_cpu_capability(),
        "free memory": f"{available_bytes() / 1e9:.1f} GB",
        "linear layers": "native kernel on matrix units"
        if supports_products(torch.empty(1))
        else "oneDNN, packed and fused"
        if fused
        else "plain torch (no oneDNN here)",
        "precision bf16": "native kernel, factors of products rounded"
        if supports_rounded_products()
        else "on a GPU alone (no AVX512_BF16 or AMX here, or no kernels)",
        "window attention": f"native kernel, {native.name}"
        if isinstance(native, Kernels)
        else f"plain torch ({native})",
        "heap": "kept between layers"
        if can_retain_freed_memory()
        else "as the system does (no glibc here)",
        "cuda": torch.cuda.is_available(),
        "attention on cuda": _cuda_attention(device),
    }


def _cuda_attention(device: str) -> str:
    """Which implementation runs on a GPU, and why not the kernel."""
    from hatsr.model.triton.triton_support import triton_unusable

    if not device.startswith("cuda"):
        return "none (no CUDA device)"
    reason = triton_unusable(device)
    return f"fused by PyTorch ({reason})" if reason else "kernel in Triton"


def _describe(device: str) -> str:
    """A device, and what a GPU of its own memory is and has."""
    import torch

    from hatsr.inference.tiling.memory import free_bytes, has_own_memory

    if not has_own_memory(device):
        return device
    return (
        f"{device} ({torch.cuda.get_device_name(device)}, {free_bytes(device) / 1e9:.1f} GB free)"
    )


def _facts(path: Path, found: Checkpoint) -> dict[str, object]:
    from hatsr.evaluation.cost.network_cost import complexity_of

    cost = complexity_of(found.config)
    return {
        "file": path,
        "layout": found.layout,
        "kind": found.kind,
        "network": name_network(found.config),
        "parameters": cost.parameters,
        "multiply-adds at 64 x 64": cost.multiply_adds,
        **asdict(found.config),
        "assumed": list(found.assumed),
        **found.metadata,
    }


def name_network(config: NetworkConfig) -> str:
    """The preset that this is, if any."""
    from hatsr.checkpoint import preset_name

    return f"{preset_name(config) or 'no preset,'} x{config.scale}"
