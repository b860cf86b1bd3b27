import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny import tiny

from hatsr.checkpoint import CheckpointError, Layout, read, save
from hatsr.checkpoint.layouts.hat_layout import to_official
from hatsr.model import HAT


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
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
    with pytest.raises(
        CheckpointError, match=r"of a known kind \(hat.*\), got tensors named layer1"
    ):
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

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=rf"^{path} could not be written: No space left on device"):
        save(tiny(), path)
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_save_refuses_a_missing_folder_by_the_name_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder must exist, got .*none; create it first"):
        save(tiny(), tmp_path / "none" / "a.safetensors")


def test_a_copy_of_a_copy_has_equal_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    save(tiny(), one, metadata={letter: letter for letter in "hgfedcba"})
    found = read(one)
    assert list(found.metadata) == sorted(found.metadata)
    save(found.model(), two, metadata=found.metadata)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_neither_written_nor_read(
    value: float, tmp_path: Path
) -> None:
    model, path = tiny(), tmp_path / "a.safetensors"
    with torch.no_grad():
        model.norm.bias[3] = value
    words = rf"weights must be finite, got {value} in norm\.bias; the file is damaged"
    with pytest.raises(ValueError, match=words):
        save(model, path)
    save_file(model.state_dict(), path, {"config": json.dumps(asdict(model.config))})
    with pytest.raises(CheckpointError, match=rf"a\.safetensors: {words}"):
        read(path)


def test_numbers_too_large_for_float32_are_not_read(tmp_path: Path) -> None:
    tensors = {name: tensor.double() for name, tensor in tiny().state_dict().items()}
    tensors["norm.bias"][3] = 1e300
    path = tmp_path / "a.safetensors"
    save_file(tensors, path, {"config": json.dumps(asdict(tiny().config))})
    with pytest.raises(CheckpointError, match=r"finite, got inf in norm\.bias"):
        read(path)


def official(path: Path, **changes: object) -> HAT:
    """A network in a file as other programs write it."""
    model = tiny(**changes)
    torch.save({"params": to_official(model)}, path)
    return model


@pytest.mark.parametrize(
    "changes",
    [
        {"conv_scale": 0.1},
        {"img_range": 255.0},
        {"conv_scale": 0.1, "img_range": 255.0, "drop_path": 0.0},
        {"cab": False, "ocab": False, "window_size": 7, "scale": 1, "tail": "residual"},
    ],
    ids=str,
)
def test_what_no_tensor_shows_can_be_told(changes: dict, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    model, lr = official(path, **changes), torch.rand(1, 3, 14, 14)
    wrong = read(path).model()(lr)
    told = {"img_range": 1.0} if "tail" in changes else changes
    found = read(path, told)
    assert {name: getattr(found.config, name) for name in told} == told
    assert torch.equal(found.model()(lr), model(lr))
    assert not torch.allclose(wrong, model(lr), atol=1e-3)


@pytest.mark.parametrize(
    ("layout", "name"),
    [("hatsr", "b.safetensors"), ("official", "b.safetensors"), ("official", "b.pth")],
)
def test_what_was_told_is_kept_in_what_is_written(
    layout: Layout, name: str, tmp_path: Path
) -> None:
    official(tmp_path / "a.pth", conv_scale=0.1)
    found = read(tmp_path / "a.pth", {"conv_scale": 0.1})
    assert found.assumed == ("img_range", "drop_path")
    save(found.model(), tmp_path / name, layout=layout)
    again = read(tmp_path / name)
    assert again.config == found.config
    assert again.layout == layout
    assert again.assumed == ()
    assert read(tmp_path / name, {"conv_scale": 1}).config.conv_scale == 1


def test_what_was_assumed_is_said_and_said_again_by_a_copy(tmp_path: Path) -> None:
    model, copy = official(tmp_path / "a.pth"), tmp_path / "b.safetensors"
    found = read(tmp_path / "a.pth")
    assert found.assumed == ("img_range", "conv_scale", "drop_path")
    save(found.model(), copy, metadata={"licence": "CC0"}, assumed=found.assumed)
    assert read(copy).assumed == found.assumed
    assert read(copy).metadata == {"licence": "CC0"}
    assert read(copy, {"conv_scale": 0.1}).assumed == ("img_range", "drop_path")
    save(model, copy)
    assert read(copy).assumed == ()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"conv_scal": 0.1}, r"a\.pth: a hyper-parameter must be one of .* got 'conv_scal'"),
        ({"conv_scale": "much"}, r"a\.pth: conv_scale must be a finite number, got 'much'"),
        ({"img_range": 0}, r"a\.pth: img_range must be positive, got 0"),
        ({"depths": [2]}, "unexpected layers.1"),
        ({"embed_dim": 24}, "tensors of one network must fit together"),
    ],
)
def test_overrides_that_do_not_fit_are_named(overrides: dict, message: str, tmp_path: Path) -> None:
    official(tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path / "a.pth", overrides)


def test_a_stated_configuration_must_fit_the_official_tensors(tmp_path: Path) -> None:
    text = {"format": "hatsr", "config": json.dumps(asdict(tiny(embed_dim=24).config))}
    save_file(to_official(tiny()), tmp_path / "a.safetensors", text)
    with pytest.raises(CheckpointError, match="tensors of one network must fit together"):
        read(tmp_path / "a.safetensors")


def test_another_programs_config_beside_official_tensors_is_not_ours(tmp_path: Path) -> None:
    text = {"format": "pt", "config": json.dumps({"type": "HAT"})}
    save_file(to_official(tiny()), tmp_path / "a.safetensors", text)
    assert read(tmp_path / "a.safetensors").config == tiny().config


def test_save_refuses_what_the_layout_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.safetensors, got a\.pth"):
        save(tiny(), tmp_path / "a.pth")
    with pytest.raises(ValueError, match="official layout must be given a standard CAB"):
        save(tiny(depthwise_cab=True), tmp_path / "a.pth", layout="official")
