"""The learning rate as a pure function of the iteration: nothing to save or restore."""

from math import cos, pi

from hatsr.training.recipe import OptimRecipe


def learning_rate(optim: OptimRecipe, step: int, iterations: int) -> float:
    """The rate of the step with this number, counted from 0.

    It rises linearly over `warmup` steps, then halves at milestones (the paper's way) or falls
    as half a cosine to `floor` times the largest.
    """
    if step < optim.warmup:
        return optim.learning_rate * (step + 1) / optim.warmup
    if optim.schedule == "multistep":
        passed = sum(step >= milestone for milestone in optim.milestones)
        return optim.learning_rate * optim.factor**passed
    along = (step - optim.warmup) / max(1, iterations - optim.warmup)
    return optim.learning_rate * (optim.floor + (1 - optim.floor) * (1 + cos(pi * along)) / 2)
