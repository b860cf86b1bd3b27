"""States of a run on disk: whole or absent, checked by their own digest, the newest few kept."""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import torch

_NAME = re.compile(r"state-(\d{9})-([0-9a-f]{16})\.pt$")


class StateError(RuntimeError):
    """A state that could not be written; the one before is untouched."""


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far a run has come; with weights, averages and moments all that resuming needs.

    Samples, learning rate and torch's random numbers are functions of the step.
    """

    step: int = 0
    """Optimiser steps done."""
    validated: int = -1
    """Step of the last validation."""
    best: float = float("-inf")
    """Best Y-PSNR so far, dB."""
    best_step: int = -1
    """Step of the best Y-PSNR."""
    stale: int = 0
    """Validations since then."""
    seconds: float = 0.0
    """Time trained over all starts of the command, seconds."""

    def numbers(self) -> dict[str, Any]:
        """The best score and the time, as JSON can hold them."""
        known = self.best_step >= 0
        return {
            "best": self.best if known else None,
            "best_step": self.best_step if known else None,
            "seconds": round(self.seconds, 1),
        }


def digest(path: Path) -> str:
    """Digest of a file's contents."""
    total = hashlib.blake2b(digest_size=8)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def states(folder: Path) -> list[Path]:
    """Finished states, newest first."""
    found = [path for path in folder.glob("state-*.pt") if _NAME.match(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def step_of(path: Path) -> int:
    """The step in a state's name."""
    match = _NAME.match(path.name)
    return int(match[1]) if match else -1


def newest_step(folder: Path) -> int:
    """The step that a run will go on from, 0 if there is no state."""
    return max(map(step_of, states(folder)), default=0)


def set_aside(folder: Path) -> None:
    """Rename a run's folder, so that the run starts anew and nothing is lost."""
    if folder.exists():
        places = (folder.with_name(f"{folder.name}.old{number}") for number in count())
        folder.rename(next(place for place in places if not place.exists()))


def save_state(folder: Path, step: int, contents: dict[str, Any], keep: int) -> Path:
    """Write a state so that at every moment a whole one is on disk; then drop the oldest.

    What is left are `keep` states of different steps, or all there are. States that were there
    for the same or a later step go: they are copies, or were passed over as damaged.

    Raises:
        StateError: it could not be written, for one because the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".state-*.part"):
        left.unlink(missing_ok=True)
    partial = folder / f".state-{step:09}.part"
    try:
        with partial.open("wb") as file:
            torch.save(contents, file)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"state-{step:09}-{digest(partial)}.pt"
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        reason = str(error).splitlines()[0]
        raise StateError(
            f"the state of step {step} could not be written to {folder} ({reason}); "
            f"{_what_survives(folder)}; make room and start the same command again"
        ) from error
    others = [other for other in states(folder) if other != path]
    replaced = [other for other in others if step_of(other) >= step]
    earlier = [other for other in others if step_of(other) < step]
    for left_over in (*replaced, *earlier[keep - 1 :]):
        left_over.unlink(missing_ok=True)
    return path


def _what_survives(folder: Path) -> str:
    left = states(folder)
    return f"the state of step {step_of(left[0])} is intact" if left else "there is none before"


def load_state(folder: Path, say: Callable[[str], None]) -> dict[str, Any] | None:
    """The newest whole state, or None; damaged ones are reported and passed over.

    Raises:
        StateError: there are states and all of them are damaged.
    """
    found = states(folder)
    for path in found:
        match = _NAME.match(path.name)
        if match and digest(path) == match[2]:
            return torch.load(path, map_location="cpu", weights_only=True)
        say(f"{path} is damaged (its contents do not match its name): going back to the one before")
    if found:
        raise StateError(
            f"a state in {folder} must be whole, got {len(found)} damaged; delete them to start "
            "anew from the first step"
        )
    return None
