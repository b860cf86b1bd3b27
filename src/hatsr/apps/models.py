"""`hatsr models`, `hatsr info`, `hatsr convert`: what weights there are and what is in them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hatsr.model import HATConfig


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(as_json: bool) -> None:
    """List the weights in the package, and the networks that checkpoints can be given for."""
    from hatsr import checkpoint
    from hatsr.model import PRESETS

    rows = []
    for name, path in checkpoint.shipped().items():
        found = checkpoint.read(path)
        figures = json.loads(found.metadata.get("psnr_y", "{}"))
        rows.append(
            {
                "name": name,
                "scale": found.config.scale,
                "parameters": sum(t.numel() for t in found.tensors.values()),
                "bytes": path.stat().st_size,
                "psnr_y": figures,
            }
        )
    if as_json:
        click.echo(json.dumps({"shipped": rows, "networks": list(PRESETS)}, indent=2))
        return
    click.echo("shipped weights (hatsr upscale --model NAME):")
    for row in rows:
        default = ", default" if row["name"] == checkpoint.DEFAULT_MODEL else ""
        figures = ", ".join(f"{data} {value:.2f} dB" for data, value in row["psnr_y"].items())
        click.echo(
            f"  {row['name']}: x{row['scale']}, {row['parameters'] / 1e6:.2f} M parameters, "
            f"{row['bytes'] / 1e6:.1f} MB{default}" + (f"; {figures}" if figures else "")
        )
    click.echo(f"networks (give a checkpoint file): {', '.join(PRESETS)}")


@click.command()
@click.argument("model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(model: str | None, as_json: bool) -> None:
    """Say what the checkpoint MODEL holds; without one, how this machine will run networks."""
    facts = _machine() if model is None else _checkpoint(model)
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {value}")


def _machine() -> dict[str, object]:
    import platform

    import torch

    from hatsr import __version__
    from hatsr.inference.memory import available_bytes, can_keep_heap
    from hatsr.inference.packed import fuses
    from hatsr.native import Kernels, kernels, supports_products

    fused, native = fuses(torch.empty(1)), kernels()
    return {
        "hatsr": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "vector unit": torch.backends.cpu.get_cpu_capability(),
        "free memory": f"{available_bytes() / 1e9:.1f} GB",
        "linear layers": "native kernel on matrix units"
        if supports_products(torch.empty(1))
        else "oneDNN, packed and fused"
        if fused
        else "plain torch (no oneDNN here)",
        "window attention": f"native kernel, {native.name}"
        if isinstance(native, Kernels)
        else f"plain torch ({native})",
        "heap": "kept between layers" if can_keep_heap() else "as the system does (no glibc here)",
        "cuda": torch.cuda.is_available(),
    }


def _checkpoint(model: str) -> dict[str, object]:
    from hatsr import checkpoint
    from hatsr.evaluation.complexity import complexity

    path = checkpoint.resolve(model)
    found = checkpoint.read(path)
    cost = complexity(found.config)
    return {
        "file": path,
        "layout": found.layout,
        "network": _nearest(found.config),
        "parameters": cost.parameters,
        "multiply-adds at 64 x 64": cost.multiply_adds,
        **asdict(found.config),
        **{key: value for key, value in found.metadata.items() if key not in ("config", "format")},
    }


def _nearest(config: "HATConfig") -> str:
    """The preset that this is, if any."""
    from dataclasses import replace

    from hatsr.model import PRESETS

    for name, known in PRESETS.items():
        if replace(known, scale=config.scale) == config:
            return f"{name} x{config.scale}"
    return f"no preset, x{config.scale}"


@click.command()
@click.argument("source")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--layout",
    type=click.Choice(["hatsr", "official"]),
    default="hatsr",
    show_default=True,
    help="Whose tensor names the result has.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="float16 halves the file.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def convert(source: str, target: Path, layout: str, dtype: str, overwrite: bool) -> None:
    """Read the checkpoint SOURCE and write TARGET (.safetensors; official also .pth)."""
    import torch

    from hatsr import checkpoint

    if target.exists() and not overwrite:
        raise click.UsageError(f"{target} exists; give --overwrite")
    found = checkpoint.read(checkpoint.resolve(source))
    metadata = {k: v for k, v in found.metadata.items() if k not in ("config", "format")}
    checkpoint.save(
        found.model(),
        target,
        layout="official" if layout == "official" else "hatsr",
        dtype=getattr(torch, dtype),
        metadata=metadata,
    )
    click.echo(f"{target}: {_nearest(found.config)}, {layout} layout, {dtype}")
