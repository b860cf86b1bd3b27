import pytest
import torch
from tiny import TINY, tiny

from hatsr.model import HAT, preset
from hatsr.model.windows import (
    pad_to_multiple,
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


def test_on_the_meta_device_no_weights_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "manual_seed", lambda seed: pytest.fail("drawn"))
    with torch.device("meta"):
        model = HAT(TINY)
    assert all(parameter.is_meta for parameter in model.parameters())


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
