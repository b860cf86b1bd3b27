"""One call trains by a recipe, or says what it would take."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from hatsr.training import dry_run, preflight, train
from hatsr.training.recipe import Recipe


def test_one_call_trains_and_goes_on(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    events: list[dict] = []
    outcome = train(tiny(iterations=2), tmp_path, device="cpu", listener=events.append)
    assert (outcome.reason, outcome.progress.step) == ("finished", 2)
    assert (outcome.folder, outcome.is_main) == (tmp_path / "tiny", True)
    kinds = ["setup", "start", "validation", "step", "validation", "saved", "end"]
    assert [event["event"] for event in events] == kinds
    assert "0 done of 2" in events[0]["text"]
    assert len((tmp_path / "tiny" / "log.jsonl").read_text().splitlines()) == len(kinds) - 1
    assert train(tiny(iterations=3), tmp_path, device="cpu").progress.step == 3


def test_it_is_asked_to_stop(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    outcome = train(tiny(), tmp_path, device="cpu", asked_to_stop=lambda: True)
    assert (outcome.reason, outcome.progress.step) == ("interrupted", 0)


def test_fresh_begins_at_the_start_and_keeps_the_old(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    train(tiny(iterations=2), tmp_path, device="cpu")
    assert "2 done of 2" in str(dry_run(tiny(iterations=2), tmp_path, device="cpu").lines)
    told = dry_run(tiny(iterations=2), tmp_path, device="cpu", fresh=True)
    assert "0 done of 2" in str(told.lines)
    assert not (tmp_path / "tiny.old0").exists()
    assert train(tiny(iterations=1), tmp_path, device="cpu", fresh=True).progress.step == 1
    assert (tmp_path / "tiny.old0" / "states").is_dir()


def test_a_dry_run_writes_nothing(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    assert dry_run(tiny(), tmp_path / "runs", device="cpu").parameters > 10_000
    assert not list(tmp_path.iterdir())


def test_a_start_that_is_refused_moves_no_run(
    tiny: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny(iterations=1), tmp_path, device="cpu")
    full = SimpleNamespace(disk_usage=lambda place: SimpleNamespace(free=0))
    monkeypatch.setattr(preflight, "shutil", full)
    with pytest.raises(ValueError, match="must have room for the states"):
        train(tiny(iterations=1), tmp_path, device="cpu", fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
