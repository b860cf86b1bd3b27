import json
import os
import pickle
import re
import zipfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny import tiny

from hatsr.checkpoint import CheckpointError, read, save
from hatsr.checkpoint.layouts.hat_layout import to_official


@pytest.mark.parametrize("wrapper", ["params_ema", "params", "state_dict", None])
def test_wrappers(wrapper: str | None, tmp_path: Path) -> None:
    tensors = to_official(tiny())
    wrong = {k: v * 0 for k, v in tensors.items()}
    bare = {f"module.{k}": v for k, v in tensors.items()}
    data: dict[str, object] = {wrapper: tensors} if wrapper else {**bare}
    if wrapper == "params_ema":
        data["params"] = wrong
    torch.save(data, tmp_path / "a.pth")
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(read(tmp_path / "a.pth").model()(lr), tiny()(lr))


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "_orig_mod.", "model.", "generator.", "net_g.", "network.", "net."),
        *("module._orig_mod.", "_orig_mod.module.", "state_dict.model.net_g.module."),
    ],
)
@pytest.mark.parametrize(
    ("layout", "ending"),
    [("official", "pth"), ("official", "safetensors"), ("hatsr", "safetensors")],
)
def test_prefixes_of_wrappers(prefix: str, ending: str, layout: str, tmp_path: Path) -> None:
    model, path = tiny(), tmp_path / f"a.{ending}"
    names = to_official(model) if layout == "official" else model.state_dict()
    tensors = {f"{prefix}{name}": tensor for name, tensor in names.items()}
    if ending == "safetensors":
        save_file(tensors, path, {"config": json.dumps(asdict(model.config))})
    else:
        torch.save({"params": tensors}, path)
    found = read(path)
    assert found.layout == layout
    assert found.config == model.config
    assert all(torch.equal(found.tensors[name], t) for name, t in model.state_dict().items())


def test_wrappers_within_names_and_of_some_tensors_only(tmp_path: Path) -> None:
    tensors = {
        name.replace(".blocks.0.", ".blocks.0._orig_mod."): tensor
        for name, tensor in to_official(tiny()).items()
    }
    tensors = {f"module.{k}" if "norm" in k else k: v for k, v in tensors.items()}
    tensors["n_averaged"] = torch.tensor(7)  # of PyTorch's averaged models
    torch.save(tensors, tmp_path / "a.pth")
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(read(tmp_path / "a.pth").model()(lr), tiny()(lr))


def test_two_networks_in_one_file_are_not_mixed(tmp_path: Path) -> None:
    tensors = to_official(tiny())
    both = {f"params.{name}": tensor for name, tensor in tensors.items()}
    both |= {f"params_ema.{name}": tensor.clone() for name, tensor in tensors.items()}
    save_file(both, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"one network, got params\.\S+ and params_ema\."):
        read(tmp_path / "a.safetensors")


@pytest.mark.parametrize("ending", ["pth", "safetensors", "bin", ""])
@pytest.mark.parametrize("kind", ["pth", "safetensors", "old pth"])
def test_the_kind_is_told_by_the_contents(kind: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    if kind == "safetensors":
        save_file(to_official(tiny()), path)
    else:
        torch.save(to_official(tiny()), path, _use_new_zipfile_serialization=kind == "pth")
    assert read(path).config.embed_dim == 12


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_numbers_and_arrays_of_numpy_beside_the_weights(module: str, tmp_path: Path) -> None:
    beside = {
        "best": np.float64(31.57),
        "step": np.int64(3),
        "done": np.bool_(True),
        "history": np.arange(5.0),
        "random": np.random.default_rng(0).integers(0, 9, 3, dtype=np.uint32),
    }
    path = tmp_path / "a.pth"
    data = {"params": to_official(tiny()), "record": beside}
    torch.save(data, path, _use_new_zipfile_serialization=False)
    called = re.compile(rb"cnumpy\._?core\.multiarray\n")
    assert called.search(path.read_bytes())
    path.write_bytes(called.sub(f"c{module}\n".encode(), path.read_bytes()))
    assert read(path).config.embed_dim == 12


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        (Namespace(lr=1e-4), "argparse.Namespace"),
        (Path("runs/x"), r"pathlib\.\w*Path"),
        (len, "len"),
        (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
    ],
)
def test_other_objects_are_named(extra: object, name: str, tmp_path: Path) -> None:
    torch.save({"params": to_official(tiny()), "extra": extra}, tmp_path / "a.pth")
    words = rf"could run code: got {name}; save the weights alone, torch\.save\(.*, file\)$"
    with pytest.raises(CheckpointError, match=words):
        read(tmp_path / "a.pth")


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_plain_pickle_is_refused_in_words(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps({"a": {1.5}}, protocol=protocol))
    with pytest.raises(CheckpointError, match=r"(copy it again|, file\))$"):
        read(tmp_path / "a.pth")


def test_old_pickle_format_and_half_precision(tmp_path: Path) -> None:
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in to_official(tiny()).items()}
    torch.save(tensors, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    found = read(tmp_path / "a.pth")
    assert all(t.dtype == torch.float32 for t in found.tensors.values())


class Hostile:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple:
        return os.system, (self.command,)


@pytest.mark.parametrize("new_format", [True, False])
def test_hostile_pickle_is_refused_and_does_not_run(new_format: bool, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    data = {"params": {"conv_first.weight": Hostile(f"touch {marker}")}}
    torch.save(data, tmp_path / "evil.pth", _use_new_zipfile_serialization=new_format)
    with pytest.raises(CheckpointError, match="tensors only and was refused"):
        read(tmp_path / "evil.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Hostile(f"touch {marker}")))
    with pytest.raises(CheckpointError):
        read(tmp_path / "bare.pth")
    assert not marker.exists()


def _official(path: Path) -> bytes:
    save(tiny(), path / "whole.pth", layout="official")
    return (path / "whole.pth").read_bytes()


def _own(path: Path) -> bytes:
    save(tiny(), path / "whole.safetensors")
    return (path / "whole.safetensors").read_bytes()


@pytest.mark.parametrize("make", [_official, _own])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_cut_files(make, share: float, tmp_path: Path) -> None:
    whole = make(tmp_path)
    (tmp_path / "cut").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match="cut"):
        read(tmp_path / "cut")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello, this is a text file", "must be a PyTorch"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "must be a PyTorch"),
        (b"\x80\x02garbage", "whole PyTorch checkpoint|tensors only"),
    ],
)
def test_other_files(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path / "a.pth")


def test_a_zip_that_is_no_checkpoint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("readme.txt", "no")
    with pytest.raises(CheckpointError, match="whole PyTorch checkpoint"):
        read(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.zeros(1).expand(10**6, 10**6), "stored in full"),
        (lambda: torch.zeros(3, 3).to_sparse(), "stored in full"),
        (lambda: torch.empty(10**6, 10**6, device="meta"), "stored in full"),
    ],
)
def test_tensors_larger_than_the_file(make, message: str, tmp_path: Path) -> None:
    torch.save({**to_official(tiny()), "conv_last.bias": make()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path / "a.pth")
