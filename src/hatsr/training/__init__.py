"""Training: recipes, and the one call that trains by them.

`train(read_recipe("hat-x2"))` does what `hatsr train hat-x2` does.
"""

from hatsr.training.events import Event, Listener
from hatsr.training.launch import SetupError, dry_run, train
from hatsr.training.loop import NotFiniteError, TrainingResult
from hatsr.training.preflight import Preflight
from hatsr.training.recipe import (
    Recipe,
    RecipeError,
    finetune_recipe,
    read_recipe,
    schema,
    shipped_recipes,
)
from hatsr.training.run import differences
from hatsr.training.states import StateError

__all__ = [
    "Event",
    "Listener",
    "NotFiniteError",
    "Preflight",
    "Recipe",
    "RecipeError",
    "SetupError",
    "StateError",
    "TrainingResult",
    "differences",
    "dry_run",
    "finetune_recipe",
    "read_recipe",
    "schema",
    "shipped_recipes",
    "train",
]
