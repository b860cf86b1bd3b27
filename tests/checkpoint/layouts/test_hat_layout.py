from dataclasses import replace
from pathlib import Path

import pytest
import torch
from reference import forward
from safetensors.torch import save_file
from tiny import tiny

from hatsr.checkpoint import CheckpointError, read, save
from hatsr.checkpoint.layouts import hat_layout as hat
from hatsr.checkpoint.layouts.hat_layout import deduce_config, to_official
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
    {"qkv_bias": False},
    {"patch_norm": False},
    {"qkv_bias": False, "patch_norm": False, "cab": False, "ocab": False},
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
    assert read(path).config == config
    torch.save({"params_ema": tensors}, path)  # as other programs write it: without the config
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


def test_swinir_masks_in_the_file_are_ignored(tmp_path: Path) -> None:
    tensors = to_official(tiny(cab=False, ocab=False))
    tensors["layers.0.residual_group.blocks.1.attn_mask"] = torch.zeros(4, 16, 16)
    save_file(tensors, tmp_path / "a.safetensors")
    assert read(tmp_path / "a.safetensors").config.ocab is False


def test_exported_file_has_the_buffers_others_look_for() -> None:
    tensors = to_official(tiny())
    assert tensors["relative_position_index_SA"].dtype == torch.int64
    assert tensors["relative_position_index_OCA"].shape == (16, 36)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda t: t.pop("conv_last.bias"), "no conv_last.bias"),
        (lambda t: t.update(strange=torch.zeros(1)), "unexpected strange"),
        (lambda t: t.update({"norm.weight": torch.zeros(5)}), r"norm.weight \(5,\) for \(12,\)"),
        (lambda t: t.pop("conv_first.bias"), "no conv_first.bias"),
        (lambda t: t.pop("patch_embed.norm.weight"), "no patch_embed.norm.weight"),
        (
            lambda t: t.pop("layers.0.residual_group.blocks.0.attn.qkv.bias"),
            "no layers.0.residual_group.blocks.0.attn.qkv.bias",
        ),
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
    ("changes", "expected"),
    [
        ({}, ("img_range", "conv_scale", "drop_path")),
        ({"cab": False, "ocab": False}, ("img_range", "drop_path")),
    ],
)
def test_what_no_tensor_shows(changes: dict, expected: tuple[str, ...]) -> None:
    config = tiny(**changes).config
    assert hat.unseen(config) == expected
    others = {"img_range": 255.0, "conv_scale": 0.5, "drop_path": 0.0}
    model = HAT(replace(config, **{name: others[name] for name in expected}))
    found = deduce_config(to_official(model))
    told = {name: getattr(model.config, name) for name in expected}
    assert _plain(replace(found, **told)) == _plain(model.config)
    assert all(getattr(found, name) != value for name, value in told.items())


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_the_order_of_the_renames_does_not_matter(
    changes: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(**changes)
    tail = model.config.tail
    names = [hat.official_name(name, tail) for name in model.state_dict()]
    monkeypatch.setattr(hat, "_RENAMES", hat._RENAMES[::-1])
    assert [hat.official_name(name, tail) for name in model.state_dict()] == names
