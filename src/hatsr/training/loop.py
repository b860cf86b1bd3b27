"""The training loop, top to bottom: validate, sample, save, step, log."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, get_total_norm

from hatsr.data import Batch, step_seed, to_unit
from hatsr.training.adversarial import Adversary
from hatsr.training.ema import update
from hatsr.training.events import Listener
from hatsr.training.losses import pixel_loss
from hatsr.training.recipe import OptimRecipe
from hatsr.training.run import Run
from hatsr.training.schedule import learning_rate
from hatsr.training.start.setup import Setup
from hatsr.training.states import TrainingProgress


class NotFiniteError(RuntimeError):
    """A loss or gradient that is not a number; the weights before it were saved."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a run ended."""

    progress: TrainingProgress
    """Step, best score and time at the end."""
    reason: str
    """finished, early stop or interrupted."""
    folder: Path
    """Where its states, weights, log and samples are."""
    is_main: bool
    """Whether this is the one of several processes that writes files and prints."""


def run_steps(
    setup: Setup, listeners: Callable[[int], list[Listener]], asked_to_stop: Callable[[], bool]
) -> TrainingResult:
    """Train from the newest state, or from the start, to the end.

    Args:
        setup: the run.
        listeners: given the first step, gives what takes the events (in the main process).
        asked_to_stop: looked at between steps; once it is true, the state is saved.

    Raises:
        NotFiniteError: loss or gradient is not finite; the message names the samples.
        StateError: a state could not be written.
    """
    run = Run(setup, listeners)
    recipe, progress = setup.recipe, run.resumed
    batches = run.batches()
    run.tell("start", progress.step, iterations=recipe.iterations)
    begun = last_logged = time.perf_counter()
    losses: list[Tensor] = []
    patches = 0

    while True:
        step = progress.step
        now = time.perf_counter()
        progress = replace(progress, seconds=run.resumed.seconds + now - begun)

        # Validate the averaged weights, keep the best, write samples.
        if setup.validation and progress.validated != step and run.due(step, recipe.valid.every):
            progress = run.validate(progress)
        reason = run.reason_to_stop(progress, asked_to_stop())

        # Save all that resuming needs.
        if reason or (step % recipe.save.every == 0 and step != run.resumed.step):
            run.save(progress)
        if reason:
            break

        # Step.
        rate = learning_rate(recipe.optim, step, recipe.iterations)
        loss, norm, parts = differentiate(run, step, batches)
        if not is_finite(run, loss, norm):
            run.save(progress)
            raise NotFiniteError(run.explain(step, float(loss), float(norm), parts))
        change_weights(run, step, rate)
        progress = replace(progress, step=step + 1)

        # Log.
        losses.append(loss)
        patches += setup.plan.stage(step).batch
        if run.due(progress.step, recipe.save.log_every):
            now = time.perf_counter()
            run.tell(
                "step",
                progress.step,
                loss=float(torch.stack(losses).mean()),
                learning_rate=rate,
                gradient_norm=float(norm),
                patches_per_second=patches / (now - last_logged),
                **(run.adversary.losses if run.adversary else {}),
            )
            losses, patches, last_logged = [], 0, now

    run.tell("end", progress.step, reason=reason, **progress.numbers())
    setup.accelerator.wait_for_everyone()
    return TrainingResult(progress, reason, setup.folder, run.is_main)


def differentiate(
    run: Run, step: int, batches: Iterator[Batch]
) -> tuple[Tensor, Tensor, list[Batch]]:
    """The gradient of one step, in parts if the batch is accumulated: loss, norm, batches."""
    recipe, accelerator, parts = run.recipe, run.accelerator, []
    torch.manual_seed(step_seed(recipe.seed, step, accelerator.process_index))  # for drop-path
    total = torch.zeros((), device=accelerator.device)
    for micro in range(recipe.accumulate):
        parts.append(next(batches))
        is_last = micro + 1 == recipe.accumulate
        with nullcontext() if is_last else accelerator.no_sync(run.model):
            if run.adversary:
                loss = adversarial_loss(run.model, run.adversary, parts[-1])
            else:
                loss = loss_of(run.model, parts[-1], recipe.optim)
            loss = loss / recipe.accumulate
            accelerator.backward(loss)
        total += loss.detach()
    if run.adversary:
        run.adversary.differentiate()
    return total, clip(run.networks, recipe.optim), parts


def is_finite(run: Run, loss: Tensor, norm: Tensor) -> bool:
    """Whether a step may be taken."""
    judged = run.adversary is None or run.adversary.is_finite
    return bool(torch.isfinite(norm) & torch.isfinite(loss)) and judged


def change_weights(run: Run, step: int, rate: float) -> None:
    """The step of the optimisers by their gradients, and the average after it."""
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.step()
    run.optimizer.zero_grad()
    if run.adversary:
        run.adversary.step(rate)
    update(run.average, run.networks, run.recipe.optim.ema, step)


def loss_of(model: nn.Module, batch: Batch, optim: OptimRecipe) -> Float[Tensor, ""]:
    """Mean loss over the tasks of a batch."""
    device = next(model.parameters()).device
    lr = [to_unit(patches.to(device, non_blocking=True)) for patches in batch.lr]
    hr = [to_unit(patches.to(device, non_blocking=True)) for patches in batch.hr]
    pairs = zip(model(lr), hr, strict=True)
    return torch.stack([pixel_loss(optim.loss, sr, target) for sr, target in pairs]).mean()


def adversarial_loss(model: nn.Module, adversary: Adversary, batch: Batch) -> Float[Tensor, ""]:
    """Loss against the discriminator, of the pairs that the pool gives for a batch."""
    device = next(model.parameters()).device
    lr, hr = adversary.pool.exchange(batch.lr[0], batch.hr[0], batch.numbers[0])
    (sr,) = model([to_unit(lr.to(device))])
    return adversary.network_loss(sr, to_unit(hr.to(device)))


def clip(model: nn.Module, optim: OptimRecipe) -> Tensor:
    """The gradient's norm, the gradient scaled down to the largest allowed."""
    if optim.clip is not None:
        return clip_grad_norm_(model.parameters(), optim.clip)
    return get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
