"""The loop learns, judges without disturbing, and stops when it should."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from math import log, nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

from hatsr.checkpoint import save
from hatsr.data.pictures import decode, downsample, modcrop
from hatsr.data.samples import Batch
from hatsr.data.sources import open_folders
from hatsr.evaluation.metrics import psnr
from hatsr.model import HAT, HATConfig
from hatsr.resize import imresize
from hatsr.training import loop
from hatsr.training import preflight as preflight_module
from hatsr.training.ema import averaged, update
from hatsr.training.events import JsonLines
from hatsr.training.initial import start_as_interpolation, transfer
from hatsr.training.loop import NotFiniteError, Outcome, run_steps
from hatsr.training.losses import pixel_loss
from hatsr.training.preflight import preflight
from hatsr.training.recipe import OptimRecipe, Recipe, to_recipe
from hatsr.training.recipe.finetune import finetune_values
from hatsr.training.recipe.reading import Values
from hatsr.training.schedule import learning_rate
from hatsr.training.setup import Setup, set_up
from hatsr.training.states import load_state, save_state
from hatsr.training.validation import enlarge


def go(setup: Setup) -> tuple[Outcome, list[dict]]:
    events: list[dict] = []
    return run_steps(setup, lambda step: [events.append], lambda: False), events


def weights(folder: Path) -> dict[str, Any]:
    state = load_state(folder / "states", print)
    assert state is not None
    return state["networks"]


def test_overfits_one_batch(tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    with Image.open(pictures / "0.png") as picture:
        picture.crop((0, 0, 24, 24)).save(alone / "0.png")  # one place for one patch
    recipe = tiny(
        iterations=150,
        data={"train": [str(alone)], "patch": 12, "batch": 1, "augment": False},
        network={"drop_path": 0.0},
        valid={"data": None},
        optim={"learning_rate": 5e-3, "clip": 1.0},
        save={"every": 1000, "log_every": 10},
    )
    _, events = go(set_up(recipe, tmp_path, cpu=True))
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert losses[-1] < losses[0] / 5


def test_validation_changes_nothing(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    for name, valid in (("often", {"every": 1}), ("never", {"data": None})):
        go(set_up(tiny(valid=valid), tmp_path / name, cpu=True))
    often, never = weights(tmp_path / "often"), weights(tmp_path / "never")
    assert all(torch.equal(often[key], never[key]) for key in never)


def test_validation_judges_the_average(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    setup = set_up(tiny(), tmp_path, cpu=True)
    outcome, events = go(setup)
    told = [event for event in events if event["event"] == "validation"]
    assert [event["step"] for event in told] == [0, 4, 8]
    state = load_state(tmp_path / "states", print)
    assert state is not None
    setup.networks.load_state_dict(state["average"])
    network = setup.networks.main.eval()
    wanted = np.mean(
        [psnr(enlarge(network, held.lr), held.hr, crop=2) for held in setup.validation]
    )
    assert told[-1]["psnr_y"] == pytest.approx(wanted)
    assert outcome.reason == "finished"


def test_patches_a_second_are_those_of_each_step_s_stage(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    recipe = tiny(
        data={"stages": [{"start": 3, "patch": 8, "batch": 8}]},
        valid={"data": None},
        save={"every": 100, "log_every": 4},
    )
    _, events = go(set_up(recipe, tmp_path, cpu=True))
    rates = [event["patches_per_second"] for event in events if event["event"] == "step"]
    # Five looks at the clock between two lines: one a step, one for the line.
    assert rates == [(3 * 4 + 8) / 5, 4 * 8 / 5]


def test_early_stop(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=50, valid={"every": 2, "patience": 2}, optim={"learning_rate": 1e-12})
    outcome, _ = go(set_up(recipe, tmp_path, cpu=True))
    assert outcome.reason == "early stop"
    assert outcome.progress.step < 50
    again, events = go(set_up(recipe, tmp_path, cpu=True))
    assert again.progress.step == outcome.progress.step
    assert not [event for event in events if event["event"] == "step"]


def test_not_a_number_stops_and_names_the_batch(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([1.0, 1.0, nan])
    plain = pixel_loss
    monkeypatch.setattr(loop, "pixel_loss", lambda *given: plain(*given) * next(calls))
    with pytest.raises(NotFiniteError, match=r"in step 2, samples 8 to 11 \(.*\.png") as caught:
        go(set_up(tiny(), tmp_path, cpu=True))
    assert "lower optim.learning_rate" in str(caught.value)
    state = load_state(tmp_path / "states", print)
    assert state is not None
    assert state["progress"]["step"] == 2
    assert all(torch.isfinite(value).all() for value in state["networks"].values())


def test_activation_checkpointing_is_no_dead_flag(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    for name, flag in (("on", True), ("off", False)):
        go(set_up(tiny(activation_checkpointing=flag, iterations=3), tmp_path / name, cpu=True))
    on, off = weights(tmp_path / "on"), weights(tmp_path / "off")
    for key, value in off.items():
        torch.testing.assert_close(on[key], value)
    setup = set_up(tiny(activation_checkpointing=True), tmp_path, cpu=True)
    assert all(group.activation_checkpointing for group in setup.networks.main.groups)


def test_related_tasks_share_the_body(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=2, tasks=[{"scale": 2}, {"scale": 3}, {"scale": 2, "noise": 15.0}])
    setup = set_up(recipe, tmp_path, cpu=True)
    main, *others = setup.networks.each()
    assert [network.config.scale for network in others] == [3, 2]
    assert all(network.groups is main.groups for network in others)
    assert all(network.tail is not main.tail for network in others)
    before = others[0].tail[0].weight.clone()  # pyright: ignore
    go(setup)
    assert not torch.equal(before, others[0].tail[0].weight)  # pyright: ignore


def test_cross_scale_transfer_tells_what_it_took(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    network = HAT(tiny().config)
    save(network, tmp_path / "best.safetensors")
    said: list[str] = []
    recipe = tiny(network={"scale": 4}, start={"checkpoint": str(tmp_path)})
    setup = set_up(recipe, tmp_path / "run", said.append, cpu=True)
    own, given = setup.networks.main.state_dict(), network.state_dict()
    assert torch.equal(own["shallow.weight"], given["shallow.weight"])
    assert f"{len(own) - 2} tensors taken" in said[0]
    assert "2 left out, another shape: tail.0.weight; tail.0.bias" in said[0]
    deeper = transfer(HAT(tiny(network={"depths": [1, 2]}).config), str(tmp_path))
    assert all(name.startswith("groups.1.blocks.1") for name in deeper.missing)
    with pytest.raises(ValueError, match=r"start\.checkpoint: model must be a file"):
        transfer(network, str(tmp_path / "none"))
    with pytest.raises(ValueError, match="must share tensors"):
        transfer(
            HAT(
                HATConfig(
                    channels=1,
                    embed_dim=8,
                    depths=(1,),
                    window_size=6,
                    num_heads=1,
                    scale=3,
                    cab=False,
                    ocab=False,
                    mlp_ratio=1.0,
                    tail="pixelshuffle-direct",
                )
            ),
            str(tmp_path),
        )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_starts_as_interpolation(tiny: Callable[..., Recipe], scale: int) -> None:
    network = HAT(tiny(network={"scale": scale}).config).eval()
    start_as_interpolation(network)
    ramp = np.linspace(0.2, 0.8, 24, dtype=np.float32)
    lr = np.stack([ramp[:, None] * np.ones(24, np.float32), ramp * ramp[:, None]] * 2)[:3]
    with torch.no_grad():
        sr = network(torch.from_numpy(lr)[None])[0].numpy()
    wanted = imresize(np.ascontiguousarray(lr.transpose(1, 2, 0)), scale).transpose(2, 0, 1)
    inner = slice(4 * scale, -4 * scale)
    np.testing.assert_allclose(sr[:, inner, inner], wanted[:, inner, inner], atol=5e-3)


def test_average_follows_the_weights() -> None:
    network = torch.nn.Linear(2, 2)
    mean = averaged(network)
    start = network.weight.detach().clone()
    torch.nn.init.ones_(network.weight)
    for _ in range(3):
        update(mean, network, decay=0.9, step=1000)
    torch.testing.assert_close(mean.weight, start * 0.9**3 + (1 - 0.9**3))
    before = mean.weight.clone()
    update(mean, network, decay=0.9, step=0)
    torch.testing.assert_close(mean.weight, before * 0.1 + 0.9)
    assert not mean.training
    assert not mean.weight.requires_grad


def test_schedules() -> None:
    steps = OptimRecipe(learning_rate=1.0, milestones=(10, 20), warmup=4)
    rates = [learning_rate(steps, step, 30) for step in (0, 3, 9, 10, 19, 20, 29)]
    assert rates == [0.25, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    cosine = OptimRecipe(learning_rate=1.0, schedule="cosine", floor=0.1)
    rates = [learning_rate(cosine, step, 10) for step in (0, 5, 10)]
    assert rates == pytest.approx([1.0, 0.55, 0.1])


def test_losses() -> None:
    sr, hr = torch.full((1, 1, 2, 2), 0.5), torch.zeros(1, 1, 2, 2)
    values = [float(pixel_loss(name, sr, hr)) for name in ("l1", "charbonnier", "mse")]
    assert values == pytest.approx([0.5, 0.500001, 0.25])


def test_psnr_loss_weighs_pictures_alike() -> None:
    sr = torch.stack([torch.full((1, 2, 2), 0.3), torch.full((1, 2, 2), 0.6)]).requires_grad_()
    loss = pixel_loss("psnr", sr, torch.zeros(2, 1, 2, 2))
    levels = (0.09, 0.36)  # squared errors; PSNR is -10 log10 of them
    assert float(loss.detach()) == pytest.approx(sum(map(log, levels)) / 2, abs=0.01)
    (gradient,) = torch.autograd.grad(loss, sr)
    near, far = gradient.abs().sum((1, 2, 3)).tolist()
    assert near / far == pytest.approx(2, rel=0.02)  # 1 / error; squared error gives 1 / 2


def test_finetune_holds_out_and_finishes(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "best.safetensors"
    save(HAT(tiny().config), source)
    base = finetune_values(pictures, str(source))
    small = {"iterations": 4, "data": {"patch": 8, "batch": 2, "workers": 0}, "valid": {"every": 2}}
    recipe = to_recipe(Values(small).over(base))
    assert recipe.config == tiny().config
    assert recipe.optim.loss == "psnr"
    setup = set_up(recipe, tmp_path / "run", cpu=True)
    assert (len(setup.validation), len(setup.patches.pairs)) == (1, 5)
    assert go(setup)[0].progress.best > 10


def test_held_out_pictures_are_usable_and_no_larger_than_needed(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, (height, width) in {"large": (601, 40), "wide": (41, 700), "small": (8, 8)}.items():
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"?")
    given = {"data": {"train": [str(folder)]}, "valid": {"data": None, "share": 0.2}}
    for seed in range(6):
        setup = set_up(tiny(seed=seed, **given), tmp_path / "run", cpu=True)
        (held,) = setup.validation
        path = folder / f"{held.name}.png"
        assert setup.patches.pairs.source == open_folders([folder]).without(
            [sorted(folder.iterdir()).index(path)]
        )
        hr, at = modcrop(decode(path), 2), {"large": (22, 0), "wide": (0, 47)}[held.name]
        for picture, whole, unit in ((held.lr, downsample(hr, 2), 1), (held.hr, hr, 2)):
            rows, cols = (slice(unit * start, unit * (start + 256)) for start in at)
            np.testing.assert_array_equal(picture, whole[rows, cols])
    for name in ("large", "wide"):
        (folder / f"{name}.png").unlink()
    with pytest.raises(ValueError, match="got 2 of which 0 would be held out") as caught:
        set_up(tiny(**given), tmp_path / "run", cpu=True)
    assert "small.png: an HR picture must have sides of at least 16 " in str(caught.value)
    assert "broken.png: " in str(caught.value)
    assert "; give data.patch=4 or less" in str(caught.value)
    for name in ("small", "broken"):
        (folder / name).with_suffix(".png").unlink()
    Image.new("RGB", (40, 40)).save(folder / "only.png")
    with pytest.raises(
        ValueError, match="got 1 of which 1 would be held out; add pictures or name"
    ):
        set_up(tiny(**given), tmp_path / "run", cpu=True)


@pytest.mark.parametrize("valid", [{"data": None, "share": 0.2}, {}])
def test_the_reasons_of_pictures_left_out_are_told(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path, valid: dict[str, Any]
) -> None:
    data: dict[str, Any] = {"train": [str(pictures)], "patch": 25}
    with pytest.raises(ValueError, match="got 6 of which ") as caught:
        set_up(tiny(data=data, valid=valid), tmp_path / "run", cpu=True)
    told = str(caught.value)
    assert told.count("must have sides of at least 50 (patch times scale), got 48 x 52; ") == 3
    assert "and 3 more); give data.patch=24 or less (data.stages alike), or add larger" in told
    lr = tmp_path / "lr"
    lr.mkdir()
    for path in pictures.iterdir():
        Image.new("RGB", (13, 12)).save(lr / path.name)
    data |= {"train_lr": str(lr), "patch": 6}
    with pytest.raises(ValueError, match="got 6 of which ") as caught:
        set_up(tiny(data=data, valid=valid), tmp_path / "run", cpu=True)
    assert str(caught.value).count("its LR must be (24, 26) at x2, got (12, 13)") == 3
    assert "; add pictures, and give LR of the network's scale" in str(caught.value)


def test_pictures_that_hold_the_run_are_refused(
    tiny: Callable[..., Recipe], pictures: Path
) -> None:
    with pytest.raises(ValueError, match=r"must not hold the run itself, .* give --runs a place"):
        set_up(tiny(), pictures / "runs" / "tiny", cpu=True)


def test_clean_validation_of_a_noisy_task_is_told(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    said: list[str] = []
    set_up(tiny(tasks=[{"scale": 2, "noise": 15.0}]), tmp_path, said.append, cpu=True)
    assert any("without the first task's noise" in text for text in said)


@pytest.fixture
def another_precision() -> Iterator[None]:
    """accelerate keeps one precision for all of a process."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


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
    setup = set_up(recipe, tmp_path, cpu=True)
    save_state(tmp_path / "states", 3, {}, keep=2)
    monkeypatch.setattr(preflight_module, "loss_of", spy)
    told = preflight(setup)
    assert set(seen) == {((6, 3, 4, 4), True)}
    assert "left, if later stages took as long" in "\n".join(told.lines)
    psutil = pytest.importorskip("psutil")
    assert told.peak_memory >= psutil.Process().memory_info().rss - (1 << 20)


def test_preflight_tells_and_refuses(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = set_up(tiny(), tmp_path, cpu=True)
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


def test_refuses_what_cannot_work(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none can be used"):
        set_up(tiny(data={"patch": 100}), tmp_path, cpu=True)
    with pytest.raises(ValueError, match="must exist"):
        set_up(tiny(data={"train": [str(tmp_path / "none")]}), tmp_path, cpu=True)
    with pytest.raises(ValueError, match="multiple of processes"):
        set_up(tiny(accumulate=3), tmp_path, cpu=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "fine.png")
    (tmp_path / "broken.png").write_bytes(b"?")
    with pytest.raises(ValueError, match=r"readable, got .*broken\.png"):
        set_up(tiny(valid={"data": str(tmp_path)}), tmp_path, cpu=True)


def test_log_drops_what_will_be_run_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xff\x00\n{"event": "step", "step": 2}\n{"event": "step", "step": 4}\n{"eve')
    log = JsonLines(path, resumed_at=2)
    log({"event": "step", "step": 3})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [2, 3]
