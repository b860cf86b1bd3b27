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


@pytest.mark.parametrize(
    ("changes", "side"),
    [
        ({"window_size": 8}, 64),
        ({"window_size": 8, "tail": "residual", "scale": 1}, 128),
        ({"window_size": 7, "tail": "residual", "scale": 1}, 126),
    ],
)
def test_swinir_files_hold_the_masks_of_its_training(changes: dict, side: int) -> None:
    """Rolled up and left, pixels that came round must not see those that did not."""
    config = tiny(cab=False, ocab=False, **changes).config
    size, last = config.window_size, side - config.window_size // 2
    tensors = to_official(HAT(config))
    masks = [name for name in tensors if name.endswith("attn_mask")]
    assert masks == [
        f"layers.{g}.residual_group.blocks.{i}.attn_mask"
        for g, depth in enumerate(config.depths)
        for i in range(1, depth, 2)
    ]
    mask = tensors[masks[0]].unflatten(0, (side // size, -1))
    assert mask.shape == (side // size, side // size, size**2, size**2)
    for i, j in [(0, 0), (0, -1), (-1, 0), (-1, -1)]:
        top, left = (place % (side // size) * size for place in (i, j))
        came_round = [
            (y >= last, x >= last) for y in range(top, top + size) for x in range(left, left + size)
        ]
        expected = [[0.0 if a == b else -100.0 for b in came_round] for a in came_round]
        assert mask[i, j].tolist() == expected


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


def real_hat_gan() -> dict[str, torch.Tensor]:
    """Names and shapes of Real_HAT_GAN_SRx4 and Real_HAT_GAN_sharper, as their options give them.

    HAT, embed_dim 180, depths 6 x 6, heads 6, window 16, compress 3, squeeze 30, overlap 0.5 and
    the pixel-shuffle tail of 64 features; written down here without the package.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def both(name: str, *weight: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = weight, weight[:1]

    both("conv_first", 180, 3, 3, 3)
    both("patch_embed.norm", 180)
    for g in range(6):
        group = f"layers.{g}.residual_group"
        for i in range(6):
            block = f"{group}.blocks.{i}"
            both(f"{block}.norm1", 180)
            shapes[f"{block}.attn.relative_position_bias_table"] = (31 * 31, 6)
            both(f"{block}.attn.qkv", 540, 180)
            both(f"{block}.attn.proj", 180, 180)
            both(f"{block}.conv_block.cab.0", 60, 180, 3, 3)
            both(f"{block}.conv_block.cab.2", 180, 60, 3, 3)
            both(f"{block}.conv_block.cab.3.attention.1", 6, 180, 1, 1)
            both(f"{block}.conv_block.cab.3.attention.3", 180, 6, 1, 1)
            both(f"{block}.norm2", 180)
            both(f"{block}.mlp.fc1", 360, 180)
            both(f"{block}.mlp.fc2", 180, 360)
        both(f"{group}.overlap_attn.norm1", 180)
        both(f"{group}.overlap_attn.qkv", 540, 180)
        shapes[f"{group}.overlap_attn.relative_position_bias_table"] = (39 * 39, 6)
        both(f"{group}.overlap_attn.proj", 180, 180)
        both(f"{group}.overlap_attn.norm2", 180)
        both(f"{group}.overlap_attn.mlp.fc1", 360, 180)
        both(f"{group}.overlap_attn.mlp.fc2", 180, 360)
        both(f"layers.{g}.conv", 180, 180, 3, 3)
    both("norm", 180)
    both("conv_after_body", 180, 180, 3, 3)
    both("conv_before_upsample.0", 64, 180, 3, 3)
    both("upsample.0", 256, 64, 3, 3)
    both("upsample.2", 256, 64, 3, 3)
    both("conv_last", 3, 64, 3, 3)
    tensors = {name: 0.02 * torch.randn(shape) for name, shape in shapes.items()}
    tensors["relative_position_index_SA"] = torch.zeros(256, 256, dtype=torch.int64)
    tensors["relative_position_index_OCA"] = torch.zeros(256, 576, dtype=torch.int64)
    return tensors


@pytest.mark.parametrize("nested", [{"params_ema"}, {"params_ema", "params"}], ids=str)
def test_official_real_world_file_loads_and_runs(nested: set[str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    tensors = real_hat_gan()
    others = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    content = {key: tensors if key == "params_ema" else others for key in nested}
    torch.save(content, tmp_path / "Real_HAT_GAN_SRx4.pth")
    found = read(tmp_path / "Real_HAT_GAN_SRx4.pth")
    assert found.config == preset("hat", scale=4)
    assert sum(tensor.numel() for tensor in found.tensors.values()) == 20_772_507
    with torch.no_grad():
        sr = found.model()(torch.rand(1, 3, 16, 16))
    assert sr.shape == (1, 3, 64, 64)
    assert sr.isfinite().all()
    assert sr.std() > 0.001
