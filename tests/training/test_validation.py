"""What is validated is the average of the weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import go

from hatsr.evaluation.metrics import psnr
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up
from hatsr.training.states import load_state
from hatsr.training.validation import upscale_codes


def test_validation_judges_the_average(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    setup = set_up(tiny(), tmp_path, device="cpu")
    outcome, events = go(setup)
    told = [event for event in events if event["event"] == "validation"]
    assert [event["step"] for event in told] == [0, 4, 8]
    state = load_state(tmp_path / "states", print)
    assert state is not None
    setup.networks.load_state_dict(state["average"])
    network = setup.networks.main.eval()
    wanted = np.mean(
        [psnr(upscale_codes(network, held.lr), held.hr, crop=2) for held in setup.validation]
    )
    assert told[-1]["psnr_y"] == pytest.approx(wanted)
    assert outcome.reason == "finished"
