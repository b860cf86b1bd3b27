"""States on disk are whole or absent, and the newest are kept."""

from pathlib import Path

import pytest
import torch

from hatsr.training.states import StateError, load_state, save_state, set_aside, states


def test_all_damaged_is_refused(tmp_path: Path) -> None:
    save_state(tmp_path, 1, {}, keep=2).write_bytes(b"")
    with pytest.raises(StateError, match="1 damaged"):
        load_state(tmp_path, print)


@pytest.mark.parametrize(
    ("saved", "left"),
    [
        ([1, 2, 3, 3], [3, 2]),
        ([2, 4, 4, 4], [4, 2]),  # the same step once more is one state
        ([2, 9, 3], [3, 2]),  # the state of step 9 was passed over as damaged
    ],
)
def test_keeps_the_newest(tmp_path: Path, saved: list[int], left: list[int]) -> None:
    for count, step in enumerate(saved):
        save_state(tmp_path, step, {"step": step, "count": count}, keep=2)
    assert [torch.load(path)["step"] for path in states(tmp_path)] == left
    assert torch.load(states(tmp_path)[0])["count"] == len(saved) - 1
    assert len(list(tmp_path.iterdir())) == 2


def test_full_disk_keeps_the_previous_state(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    save_state(tmp_path, 5, {"step": 5}, keep=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StateError, match=r"step 6 could not .* state of step 5 is intact"):
            save_state(tmp_path, 6, {"big": torch.zeros(10_000)}, keep=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_state(tmp_path, print) == {"step": 5}
    assert [path.name[:6] for path in tmp_path.iterdir()] == ["state-"]


def test_set_aside_takes_the_first_free_number(tmp_path: Path) -> None:
    for taken in ("run", "run.old1", "run.old2"):
        (tmp_path / taken).mkdir()
        (tmp_path / taken / "best.safetensors").touch()
    set_aside(tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"run.old0", "run.old1", "run.old2"}
    set_aside(tmp_path / "run")  # there is none
