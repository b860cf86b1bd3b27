from dataclasses import replace

import pytest
import torch
from tiny import TINY, tiny

from hatsr.model import HAT, HATConfig, changed, preset
from hatsr.model.blocks import HAB, ChannelAttention
from hatsr.model.network import _initialise
from hatsr.model.windows import (
    merge,
    overlapping_relative_position_index,
    pad_to_multiple,
    partition,
    reflect_index,
)
from hatsr.native import disabled


@pytest.mark.parametrize(
    ("name", "scale", "parameters"),
    [
        ("hat", 4, 20_772_507),
        ("hat", 2, 20_624_795),
        ("hat", 3, 20_809_435),
        ("hat-s", 4, 9_621_183),
        ("hat-s", 2, 9_473_471),
        ("hat-l", 4, 40_846_575),
        ("hat-l", 2, 40_698_863),
        ("hat-l", 3, 40_883_503),
        ("hat-t", 4, 684_192),
    ],
)
def test_parameter_counts(name: str, scale: int, parameters: int) -> None:
    with torch.device("meta"):
        model = HAT(preset(name, scale=scale))
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, r"scale must be one of \(1, 2, 3, 4, 8\).* got 5"),
        ({"num_heads": 7}, "num_heads must be divisors of embed_dim 180, got 7"),
        ({"num_heads": (6, 6)}, "num_heads must be one number, or 6"),
        ({"depths": ()}, "depths must be a non-empty tuple"),
        ({"overlap_ratio": 0.2}, "overlap_ratio must be 0 or more, with an even"),
        ({"compress_ratio": 0}, "compress_ratio must be from 1 to embed_dim 180, got 0"),
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
        ({"drop_path": 1.0}, r"drop_path must be in \[0, 1\)"),
    ],
)
def test_wrong_configurations_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HATConfig(**changes)


def test_changed_fields_keep_the_others() -> None:
    config = changed(preset("hat"), {"conv_scale": 0.1, "depths": [2, 2], "img_range": 255})
    assert config == replace(preset("hat"), conv_scale=0.1, depths=(2, 2), img_range=255.0)
    assert changed(preset("hat"), {}) == preset("hat")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv_scal": 0.1}, "a hyper-parameter must be one of scale, .* got 'conv_scal'"),
        ({"conv_scale": "x"}, "conv_scale must be a finite number, got 'x'"),
        ({"conv_scale": float("nan")}, "conv_scale must be a finite number, got nan"),
        ({"conv_scale": True}, "conv_scale must be a finite number, got True"),
        ({"scale": 4.0}, r"scale must be of type int, got 4\.0"),
        ({"depths": 5}, "depths must be a list of whole numbers, got 5"),
        ({"depths": [2, 2.0]}, r"depths must be whole numbers, got \[2, 2\.0\]"),
        ({"qkv_bias": 1}, "qkv_bias must be of type bool, got 1"),
        ({"scale": 5}, r"scale must be one of \(1, 2, 3, 4, 8\).* got 5"),
        ({"tail": ["residual"]}, "tail must be of type str"),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(preset("hat"), changes)


def test_gates_begin_as_convolutions_other_linear_layers_as_in_swin() -> None:
    """torch's default for a 1 x 1 convolution of n channels: uniform within 1 / sqrt(n)."""
    torch.manual_seed(0)
    block = HAB(preset("hat-t"), heads=4, shift=0, drop_path=0.0).apply(_initialise)
    gate = block.cab.attention  # pyright: ignore[reportOptionalMemberAccess]
    assert isinstance(gate, ChannelAttention)
    for layer in (gate.squeeze, gate.excite):
        bound = layer.in_features**-0.5
        for values in (layer.weight, layer.bias):
            assert bound / 2 < values.abs().max() <= bound
    assert block.mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not block.mlp.fc1.bias.any()


def test_unknown_preset() -> None:
    with pytest.raises(ValueError, match=r"preset must be one of hat, .* got 'hat-xl'"):
        preset("hat-xl")


def test_partition_and_merge_are_inverse() -> None:
    x = torch.rand(2, 8, 12, 3)
    assert torch.equal(merge(partition(x, 4), 4, 8, 12), x)


def test_overlapping_index_is_the_official_one() -> None:
    index = overlapping_relative_position_index(16, 24)
    assert index.shape == (256, 576)
    assert (index.min(), index.max()) == (-880, 640)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 16])
def test_reflection_repeats(length: int) -> None:
    import numpy as np

    index = reflect_index(length, 16).numpy()
    mode = "edge" if length == 1 else "reflect"
    assert (index == np.pad(np.arange(length), (0, 16 - length), mode=mode)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (4, 4), (7, 13)])
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_any_size_and_scale(size: tuple[int, int], scale: int) -> None:
    sr = tiny(scale=scale)(torch.rand(1, 3, *size))
    assert sr.shape == (1, 3, size[0] * scale, size[1] * scale)
    assert torch.isfinite(sr).all()


def test_padding_changes_nothing_where_it_is_not_needed() -> None:
    x = torch.rand(1, 3, 8, 8)
    assert pad_to_multiple(x, 4) is x


@pytest.mark.parametrize(
    "changes",
    [
        {"cab": False},
        {"ocab": False},
        {"channel_attention": False},
        {"depthwise_cab": True},
        {"conv_scale": 1.0},
        {"compress_ratio": 6},
        {"qkv_bias": False},
        {"patch_norm": False},
        {"overlap_ratio": 0.0},
        {"overlap_ratio": 1.0},
        {"window_size": 8},
    ],
)
def test_every_switch_of_the_paper_changes_the_network(changes: dict) -> None:
    lr = torch.rand(1, 3, 8, 8)
    assert not torch.allclose(tiny(**changes)(lr), tiny()(lr), atol=1e-3)


def test_activation_checkpointing_keeps_less_and_computes_the_same() -> None:
    lr = torch.rand(1, 3, 16, 16)

    def run(enabled: bool) -> tuple[int, list[torch.Tensor]]:
        model = tiny().train()
        for group in model.groups:
            for block in group.blocks:  # pyright: ignore[reportGeneralTypeIssues]
                block.drop_path.rate = 0.0
        model.use_activation_checkpointing(enabled)
        kept = 0

        def count(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda t: t):
            sr = model(lr)
        held = kept
        sr.square().mean().backward()
        return held, [p.grad for p in model.parameters() if p.grad is not None]

    plain, gradients = run(False)
    checkpointed, again = run(True)
    assert checkpointed < plain / 2
    assert len(gradients) == len(again) > 0
    for one, other in zip(gradients, again, strict=True):
        torch.testing.assert_close(one, other)


def test_drop_path_keeps_the_mean() -> None:
    from hatsr.model.blocks import DropPath

    torch.manual_seed(0)
    dropped = DropPath(0.25).train()(torch.ones(4000, 1, 1, 1))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.uninstrumented
def test_compiles_whole() -> None:
    model = tiny()
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        sr = compiled(lr)
        # What is compiled is plain torch; native kernels, which sum in another order, stay out.
        with disabled():
            torch.testing.assert_close(sr, model(lr))


def test_presets_differ_only_where_they_say() -> None:
    hat = preset("hat")
    assert preset("hat-l") == replace(hat, depths=(6,) * 12)
    assert preset("swinir") == replace(hat, window_size=8, cab=False, ocab=False)
    assert TINY.overlap_size == 6
