import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from reference import forward
from safetensors.torch import save_file
from tiny import tiny

from hatsr import checkpoint
from hatsr.checkpoint import CheckpointError, read, resolve, save, shipped
from hatsr.checkpoint.official import to_official
from hatsr.model import HAT, HATConfig, preset

VARIANTS = [
    {},
    {"scale": 1},
    {"scale": 3},
    {"scale": 4},
    {"scale": 8},
    {"ocab": False},
    {"overlap_ratio": 0.0},
    {"overlap_ratio": 1.0},
    {"num_heads": (3, 2)},
    {"mlp_ratio": 1.75},
    {"compress_ratio": 1, "squeeze_factor": 12},
    {"compress_ratio": 12},
    {"embed_dim": 14, "num_heads": 7, "compress_ratio": 3},
    {"window_size": 8},
    {"group_conv": "identity"},
    {"tail": "pixelshuffle-direct"},
    {"tail": "pixelshuffle-direct", "scale": 4, "cab": False, "ocab": False},
    {"cab": False, "ocab": False},
    {"cab": False, "ocab": False, "group_conv": "3conv", "tail": "nearest-conv", "scale": 4},
    {"cab": False, "ocab": False, "tail": "nearest-conv"},
    {"cab": False, "ocab": False, "tail": "residual", "scale": 1},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_official_layout_runs_elsewhere_and_comes_back(changes: dict, tmp_path: Path) -> None:
    model, config = tiny(**changes), tiny(**changes).config
    lr = torch.rand(1, 3, 2 * config.window_size, 3 * config.window_size)
    path = tmp_path / "official.pth"
    save(model, path, layout="official")
    tensors = torch.load(path, weights_only=True)["params_ema"]
    with torch.no_grad():
        ours = model(lr)
        theirs = forward(
            tensors, lr, config.window_size, config.overlap_size, config.tail, config.scale
        )
        assert (ours - theirs).abs().max() < 1e-4 * max(1, ours.abs().max())
        found = read(path)
        assert found.layout == "official"
        assert torch.equal(found.model()(lr), ours)
    assert found.model().config.depths == config.depths


@pytest.mark.parametrize("name", ["hat", "hat-s", "hat-l", "hat-t", "swinir", "swinir-light"])
def test_presets_are_deduced_from_official_tensors(name: str) -> None:
    from hatsr.checkpoint.official import deduce_config

    for scale in (1, 2, 3, 4, 8):
        with torch.device("meta"):
            model = HAT(preset(name, scale=scale))
        found = deduce_config(to_official(model))
        ignored = {"drop_path": 0.0}  # no tensor tells it
        ignored |= {} if preset(name).ocab else {"overlap_ratio": 0.5}
        assert {**_plain(found), **ignored} == {**_plain(model.config), **ignored}


def _plain(config: HATConfig) -> dict:
    from dataclasses import asdict

    unseen = {} if config.cab else {"compress_ratio": 0, "squeeze_factor": 0}
    return {**asdict(config), **unseen, "mlp_ratio": round(config.mlp_ratio, 9)}


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


def test_swinir_masks_in_the_file_are_ignored(tmp_path: Path) -> None:
    tensors = to_official(tiny(cab=False, ocab=False))
    tensors["layers.0.residual_group.blocks.1.attn_mask"] = torch.zeros(4, 16, 16)
    save_file(tensors, tmp_path / "a.safetensors")
    assert read(tmp_path / "a.safetensors").config.ocab is False


def test_exported_file_has_the_buffers_others_look_for() -> None:
    tensors = to_official(tiny())
    assert tensors["relative_position_index_SA"].dtype == torch.int64
    assert tensors["relative_position_index_OCA"].shape == (16, 36)


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
    ("break_it", "message"),
    [
        (lambda t: t.pop("conv_last.bias"), "no conv_last.bias"),
        (lambda t: t.update(strange=torch.zeros(1)), "unexpected strange"),
        (lambda t: t.update({"norm.weight": torch.zeros(5)}), r"norm.weight \(5,\) for \(12,\)"),
        (lambda t: t.pop("conv_first.bias"), "no conv_first.bias"),
        (lambda t: t.update({"conv_first.weight": torch.zeros(3)}), "must have 4 dimensions"),
        (
            lambda t: t.pop("layers.0.residual_group.blocks.0.attn.relative_position_bias_table"),
            "without it|must hold",
        ),
    ],
)
def test_mixed_up_files_name_what_does_not_fit(break_it, message: str, tmp_path: Path) -> None:
    tensors = to_official(tiny())
    break_it(tensors)
    torch.save({"params": tensors}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=message):
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


def test_sources(tmp_path: Path) -> None:
    assert resolve("hat-t-x4").name == "hat-t-x4.safetensors"
    assert checkpoint.default_model(7) == checkpoint.DEFAULT_MODEL
    save(tiny(), tmp_path / "a.safetensors")
    assert resolve(tmp_path) == tmp_path / "a.safetensors"
    save(tiny(), tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match=r"one checkpoint .* got a\.safetensors, b"):
        resolve(tmp_path)
    with pytest.raises(CheckpointError, match="hat is a network without shipped weights"):
        resolve("hat")
    with pytest.raises(CheckpointError, match=r"model must be a file, .* got 'nonsense'"):
        resolve("nonsense")
    with pytest.raises(CheckpointError, match="hf://owner/name/file"):
        resolve("hf://only-one-part")


def test_hub_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import errors

    def offline(*_: object, **__: object) -> None:
        raise errors.LocalEntryNotFoundError("no network")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    with pytest.raises(CheckpointError, match="hub cannot be reached; go online once"):
        resolve("hf://someone/hat/net.pth")


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_weights_are_what_the_card_says(name: str) -> None:
    found = read(resolve(name))
    assert found.config == preset("hat-t", scale=int(name[-1]))
    assert resolve(name).stat().st_size < 1.5e6
    assert set(json.loads(found.metadata["psnr_y"])) == {"Set5", "Set14", "BSD100"}
