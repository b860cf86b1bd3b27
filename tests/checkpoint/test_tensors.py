import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from tiny import tiny

from hatsr.checkpoint import CheckpointError, read, save
from hatsr.checkpoint.layouts.hat import to_official


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
