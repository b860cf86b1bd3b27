"""A network that is no HAT is trained, resumed and judged as one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from other_network import ROW, Other, OtherConfig
from tiny_runs import go, run

from hatsr.checkpoint import KINDS, read
from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.parsing import Values
from hatsr.training.start.initial import start_as_interpolation
from hatsr.training.start.networks import Networks
from hatsr.training.start.setup import set_up
from hatsr.training.states import load_state, save_state


@pytest.fixture
def other(tiny: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recipe]:
    """The tiny run with another network."""
    monkeypatch.setitem(KINDS, "other", ROW)

    def make(**sections: object) -> Recipe:
        tree = tiny().model_dump(mode="json", exclude_defaults=True)
        tree["network"] = {"kind": "other", "scale": 2}
        return to_recipe(Values(sections).over(Values(tree)))

    return make


def test_it_is_trained_and_judged(other: Callable[..., Recipe], tmp_path: Path) -> None:
    setup = set_up(other(iterations=4), tmp_path / "run", device="cpu")
    before = {name: t.clone() for name, t in setup.networks.main.state_dict().items()}
    go(setup)
    found = read(tmp_path / "run" / "best.safetensors")
    assert found.config == OtherConfig(scale=2)
    assert all(not torch.equal(before[name], tensor) for name, tensor in found.tensors.items())
    again = set_up(other(iterations=6), tmp_path / "run", device="cpu")
    go(again)
    assert read(tmp_path / "run" / "last.safetensors").metadata["step"] == "6"


def test_what_it_cannot_do_is_said(other: Callable[..., Recipe], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"activation_checkpointing must be false .* got Other"):
        set_up(other(activation_checkpointing=True), tmp_path, device="cpu")
    with pytest.raises(ValueError, match=r"tasks must be left out for .* got Other"):
        Networks(OtherConfig(), scales=(4, 2))
    with pytest.raises(ValueError, match=r"start\.interpolate must be false .* got Other"):
        start_as_interpolation(Other(OtherConfig()))


def test_a_state_that_names_no_kind_is_of_the_default(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    """As earlier versions wrote it."""
    run(tiny(iterations=3), tmp_path)
    state = load_state(tmp_path / "states", print)
    assert state is not None
    assert state["recipe"]["network"].pop("kind") == "hat"
    save_state(tmp_path / "states", 3, state, 2)
    events = run(tiny(iterations=4), tmp_path)
    assert [e for e in events if e["event"] == "note" and "kind" in e["text"]] == []
    assert events[-1]["step"] == 4
