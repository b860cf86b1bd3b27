"""What a run will take is said beforehand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hatsr.data.samples import Batch
from hatsr.training import preflight as preflight_module
from hatsr.training.preflight import preflight
from hatsr.training.recipe import OptimRecipe, Recipe
from hatsr.training.start.setup import set_up
from hatsr.training.states import save_state


@pytest.mark.usefixtures("another_precision")
def test_preflight_times_the_next_step_as_it_will_be(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[object, ...]] = []
    plain = preflight_module.loss_of

    def spy(model: torch.nn.Module, batch: Batch, optim: OptimRecipe) -> torch.Tensor:
        seen.append((tuple(batch.lr[0].shape), torch.is_autocast_enabled("cpu")))
        return plain(model, batch, optim)

    recipe = tiny(
        precision="bf16",
        data={
            "stages": [{"start": 2, "patch": 4, "batch": 6}, {"start": 5, "patch": 6, "batch": 2}]
        },
    )
    setup = set_up(recipe, tmp_path, device="cpu")
    save_state(tmp_path / "states", 3, {}, keep=2)
    monkeypatch.setattr(preflight_module, "loss_of", spy)
    told = preflight(setup)
    assert set(seen) == {((6, 3, 4, 4), True)}
    assert "left, if later stages took as long" in "\n".join(told.lines)
    psutil = pytest.importorskip("psutil")
    assert told.peak_memory >= psutil.Process().memory_info().rss - (1 << 20)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "loss        l1: mean absolute error; lower is better"),
        (
            {"optim": {"loss": "psnr"}},
            "loss        psnr: log of the squared error, negative; lower is better",
        ),
        (
            {"adversarial": {"width": 2}},
            "loss        l1: mean absolute error, with perceptual and adversarial losses added; "
            "lower is better",
        ),
    ],
)
def test_preflight_names_the_loss(
    tiny: Callable[..., Recipe], tmp_path: Path, changes: dict, line: str
) -> None:
    assert line in preflight(set_up(tiny(**changes), tmp_path, device="cpu")).lines


def test_preflight_tells_and_refuses(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = set_up(tiny(), tmp_path, device="cpu")
    before = {key: value.clone() for key, value in setup.networks.state_dict().items()}
    told = preflight(setup)
    text = "\n".join(told.lines)
    for words in ("parameters", "6 pictures", "bicubic", "0 done of 8", "left", "MB a state"):
        assert words in text
    assert all(torch.equal(before[k], v) for k, v in setup.networks.state_dict().items())
    usage = preflight_module.shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(preflight_module.shutil, "disk_usage", lambda place: usage)
    with pytest.raises(ValueError, match="must have room for the states"):
        preflight(setup)
    states = tmp_path / "states"
    states.mkdir()
    size = 4 * 4 * sum(p.numel() for p in setup.networks.parameters()) * 3
    (states / f"state-000000003-{'0' * 16}.pt").write_bytes(bytes(size))  # will make room
    assert preflight(setup).lines
