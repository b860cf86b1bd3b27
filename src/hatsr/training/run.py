"""A run under way: network, average and optimiser, and how they are judged, kept and restored."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from hatsr.checkpoint import DEFAULT_KIND
from hatsr.checkpoint import save as export
from hatsr.data import Batch, encode, open_loader
from hatsr.training.adversarial import Adversary
from hatsr.training.ema import averaged
from hatsr.training.events import Event, Listener
from hatsr.training.lamb import Lamb
from hatsr.training.recipe import OptimRecipe
from hatsr.training.start.networks import Networks
from hatsr.training.start.setup import Setup
from hatsr.training.states import TrainingProgress, load_state, save_state
from hatsr.training.validation import scores


def make_optimizer(networks: Networks, optim: OptimRecipe) -> torch.optim.Optimizer:
    """Adam as in the paper, with decoupled weight decay, or LAMB."""
    if optim.optimizer == "lamb":
        weights = networks.parameters()
        return Lamb(weights, optim.learning_rate, optim.betas, optim.weight_decay)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optim.optimizer]
    return kind(
        networks.parameters(),
        lr=optim.learning_rate,
        betas=optim.betas,
        weight_decay=optim.weight_decay,
        fused=True,
    )


class Run:
    """What changes while training, at the newest state or at the start."""

    def __init__(self, setup: Setup, listeners: Callable[[int], list[Listener]]) -> None:
        self.setup, self.recipe = setup, setup.recipe
        self.accelerator = setup.accelerator
        self.is_main = self.accelerator.is_main_process
        self.networks = setup.networks.train().to(self.accelerator.device)
        self.average = averaged(self.networks)
        optimizer = make_optimizer(self.networks, self.recipe.optim)
        self.notes: list[str] = []
        self.was_over = False
        self.adversary = self._make_adversary()
        self.pairs, self.fingerprints = setup.patches.pairs, setup.fingerprints()
        self.resumed = self._restore(optimizer)
        self.listeners = listeners(self.resumed.step) if self.is_main else []
        if self.recipe.compile:
            for network in self.networks.each():
                network.compile()
        self.model, self.optimizer = self.accelerator.prepare(self.networks, optimizer)
        for note in self.notes:
            self.tell("note", self.resumed.step, text=note)

    def _make_adversary(self) -> Adversary | None:
        recipe, processes = self.recipe, self.accelerator.num_processes
        if recipe.adversarial is None:
            return None
        if processes > 1:
            raise ValueError(
                f"adversarial training must run in one process, got {processes}; take one GPU and "
                "a larger accumulate"
            )
        device = self.accelerator.device
        return Adversary(recipe.adversarial, recipe.optim, recipe.seed, device, self.notes.append)

    def _restore(self, optimizer: torch.optim.Optimizer) -> TrainingProgress:
        state = load_state(self.setup.folder / "states", self.notes.append)
        if state is None:
            return TrainingProgress()
        asked = self.recipe.model_dump(mode="json")
        state["recipe"]["network"].setdefault("kind", DEFAULT_KIND)  # states of older versions
        self._refuse_another_run(state, asked)
        progress = TrainingProgress(**state["progress"])
        self._tell_changes(state, asked, progress)
        self.networks.load_state_dict(state["networks"])
        self.average.load_state_dict(state["average"])
        # The moments go on; betas, weight decay and the like are the recipe's.
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict(state["optimizer"] | {"param_groups": groups})
        if self.adversary:
            self.adversary.load_state_dict(state["adversary"])
        return progress

    def _tell_changes(
        self, state: dict[str, Any], asked: dict[str, Any], progress: TrainingProgress
    ) -> None:
        """Note what is other than before; if the run is over, that nothing of it is applied."""
        changes = differences(state["recipe"], asked)
        usable, before = len(self.pairs), state["usable"]
        if ended := self._ended(progress):
            self.was_over = True
            longer = "iterations" if ended == "finished" else "valid.patience"
            self.notes.append(
                f"this run is over ({ended} at iteration {progress.step:,} of "
                f"{self.recipe.iterations:,}); --fresh starts it anew, name=... starts another, "
                f"a larger {longer} goes on"
            )
            self.notes += [f"not applied: {change}" for change in changes]
            return
        self.notes += [f"resuming with another {change}" for change in changes]
        if usable != before:
            self.notes.append(f"resuming with {usable:,} usable pictures, before {before:,}")

    def _refuse_another_run(self, state: dict[str, Any], asked: dict[str, Any]) -> None:
        kept = state["recipe"]
        changed = [key for key in ("network", "tasks", "start") if kept[key] != asked[key]]
        if (kept.get("adversarial") is None) != (asked["adversarial"] is None):
            changed.append("adversarial")
        now, before = self.fingerprints, state["fingerprints"]
        changed += [f"{key} pictures" for key in now if before[key] != now[key]]
        if changed:
            raise ValueError(
                f"a run must keep its {' and '.join(changed)}, got other than in "
                f"{self.setup.folder}; give name=... for another run or start anew with --fresh"
            )

    def save(self, progress: TrainingProgress) -> None:
        """Write a state, and the averaged weights as `last.safetensors`.

        The state of a run that was over stays as it is, with the recipe that it was trained by.
        """
        if self.is_main and self.was_over:
            self._export("last", progress)  # it may have been killed before it did
        elif self.is_main:
            state = {
                "progress": asdict(progress),
                "networks": self.networks.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "adversary": self.adversary.state_dict() if self.adversary else None,
                "recipe": self.recipe.model_dump(mode="json"),
                "usable": len(self.pairs),
                "fingerprints": self.fingerprints,
            }
            folder, keep = self.setup.folder / "states", self.recipe.save.keep
            path = save_state(folder, progress.step, state, keep)
            self._export("last", progress)
            self.tell("saved", progress.step, state=path.name)
        self.accelerator.wait_for_everyone()

    def _export(self, name: str, progress: TrainingProgress) -> None:
        about = {"run": self.recipe.name, "step": str(progress.step), "about": self.recipe.about}
        path = self.setup.folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        export(self.average.main, path, metadata=about)

    def batches(self) -> Iterator[Batch]:
        """Batches of this process from the resumed step on."""
        setup, workers = self.setup, self.recipe.data.workers
        rank, pinned = self.accelerator.process_index, self.accelerator.device.type == "cuda"
        start = self.resumed.step
        return iter(open_loader(setup.patches, setup.plan, start, rank, workers, pinned))

    def validate(self, progress: TrainingProgress) -> TrainingProgress:
        """Judge the averaged weights; each process takes its share of the pictures."""
        begun, pairs, step = time.perf_counter(), self.setup.validation, progress.step
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        folder = self.setup.folder / "samples"
        own = list(range(rank, len(pairs), processes))

        def write_sample(place: int, sr: np.ndarray) -> None:
            if own[place] < self.recipe.valid.pictures:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{pairs[own[place]].name}-{step:07}.png"
                path.write_bytes(encode(sr))

        values = torch.zeros(len(pairs), dtype=torch.float64)
        found = scores(self.average.main, tuple(pairs[i] for i in own), write_sample)
        values[own] = torch.tensor(found, dtype=torch.float64)
        psnr = float(self._sum(values).mean())
        better = psnr > progress.best
        progress = replace(
            progress,
            validated=step,
            best=max(psnr, progress.best),
            best_step=step if better else progress.best_step,
            stale=0 if better else progress.stale + 1,
        )
        if better and self.is_main:
            self._export("best", progress)
        seconds = round(time.perf_counter() - begun, 2)
        self.tell("validation", step, psnr_y=psnr, best=progress.best, took=seconds)
        return progress

    def due(self, step: int, every: int) -> bool:
        """Whether something that happens every so many steps, and at the end, happens now."""
        return step % every == 0 or step == self.recipe.iterations

    def reason_to_stop(self, progress: TrainingProgress, asked: bool) -> str:
        """finished, early stop, interrupted, or nothing."""
        return self._ended(progress) or ("interrupted" if self._any_process(asked) else "")

    def _ended(self, progress: TrainingProgress) -> str:
        if progress.step >= self.recipe.iterations:
            return "finished"
        patience = self.recipe.valid.patience
        return "early stop" if patience is not None and progress.stale >= patience else ""

    def tell(self, event: str, step: int, **values: Any) -> None:
        """Pass an event to the listeners."""
        told: Event = {"event": event, "step": step, **values}
        for listener in self.listeners:
            listener(told)

    def _any_process(self, flag: bool) -> bool:
        """Whether the flag is up in one of the processes."""
        return float(self._sum(torch.tensor(float(flag)))) > 0

    def _sum(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.accelerator.num_processes == 1:
            return values
        total = self.accelerator.reduce(values.to(self.accelerator.device), "sum")
        return cast("Tensor", total)

    def explain(self, step: int, loss: float, norm: float, parts: list[Batch]) -> str:
        """The message of a step whose loss or gradient is not finite."""
        numbers = [number for part in parts for number in part.numbers]
        pictures = sorted({picture for part in parts for picture in part.pictures})
        names = ", ".join(self.pairs.name(picture) for picture in pictures)
        return (
            f"loss and gradient must be finite, got loss {loss} and gradient norm {norm} in step "
            f"{step}, samples {numbers[0]} to {numbers[-1]} ({names}); the weights before it are "
            f"saved in {self.setup.folder}: lower optim.learning_rate or set optim.clip, and look "
            "at these pictures"
        )


def differences(old: dict[str, Any], new: dict[str, Any], at: str = "") -> list[str]:
    """What a recipe changes, one line for each value: `key: before -> after`."""
    lines = []
    for key in sorted({*old, *new}):
        before, after, place = old.get(key), new.get(key), f"{at}{key}"
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{place}.")
        elif before != after:
            lines.append(f"{place}: {before!r} -> {after!r}")
    return lines
