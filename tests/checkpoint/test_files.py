import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny import tiny

from hatsr.checkpoint import CheckpointError, read, save
from hatsr.checkpoint.layouts.hat import to_official


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("changes", [{}, {"depthwise_cab": True}, {"channel_attention": False}])
def test_own_layout_round_trip(changes: dict, dtype: torch.dtype, tmp_path: Path) -> None:
    model = tiny(**changes)
    save(model, tmp_path / "a.safetensors", dtype=dtype, metadata={"licence": "CC0"})
    found = read(tmp_path / "a.safetensors")
    assert found.config == model.config
    assert found.metadata["licence"] == "CC0"
    for name, tensor in model.state_dict().items():
        assert torch.equal(found.tensors[name], tensor.to(dtype).float())
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o044


def test_more_blocks_than_tensors(tmp_path: Path) -> None:
    tensors = to_official(tiny())
    tensors["layers.0.residual_group.blocks.999999999.norm1.weight"] = torch.zeros(12)
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="tensors for 1000000001 blocks"):
        read(tmp_path / "a.pth")
    config = json.dumps({"depths": [10**9]})
    save_file({"shallow.weight": torch.zeros(1)}, tmp_path / "a.safetensors", {"config": config})
    with pytest.raises(CheckpointError, match="1 tensors for 1000000000 blocks"):
        read(tmp_path / "a.safetensors")


def test_foreign_state_dict(tmp_path: Path) -> None:
    torch.save({"layer1.weight": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="HAT or SwinIR network, got tensors named layer1"):
        read(tmp_path / "a.pth")


def test_own_file_from_the_future(tmp_path: Path) -> None:
    config = json.dumps({"scale": 4, "flux": True})
    save_file({"shallow.weight": torch.zeros(1)}, tmp_path / "a.safetensors", {"config": config})
    with pytest.raises(CheckpointError, match="only fields this version knows"):
        read(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "setting",
    [
        '"embed_dim": 12.0',
        '"depths": [1, 1.0]',
        '"num_heads": [2, 2.0]',
        '"overlap_ratio": 1e300',
        '"mlp_ratio": Infinity',
        '"window_size": 100000',
        '"embed_dim": 1200000000000',
        '"cab": "no"',
        '"conv_scale": "x"',
        '"depths": 5',
    ],
)
def test_own_file_with_a_damaged_config(setting: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"shallow.weight": torch.zeros(1)}, path, {"config": f"{{{setting}}}"})
    with pytest.raises(CheckpointError, match=r"a\.safetensors: "):
        read(path)


def test_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    path.write_text("precious")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hatsr.checkpoint.files.save_file", full)
    with pytest.raises(OSError, match="No space"):
        save(tiny(), path)
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_save_refuses_what_the_layout_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.safetensors, got a\.pth"):
        save(tiny(), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="official layout must be given a standard CAB"):
        save(tiny(depthwise_cab=True), tmp_path / "a.pth", layout="official")
