"""The cells of a study: every variant with every seed, and the recipes of their training runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatsr.lab.study import Study, StudySize, file_name
from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.parsing import Values


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A variant with a seed."""

    study: Study
    size: str
    """Name of the size."""
    variant: str
    seed: int

    @property
    def plan(self) -> StudySize:
        """The study at the cell's size."""
        return self.study.sizes[self.size]

    @property
    def stages(self) -> tuple[str, ...]:
        """Its training runs, in their order."""
        return self.study.stages_of(self.variant, self.size)

    def folder(self, study_folder: Path) -> Path:
        """Folder of the cell's runs and results."""
        return study_folder / file_name(self.variant) / f"seed-{self.seed}"

    def recipe(
        self,
        stage: str,
        *,
        steps: int | None = None,
        start: Path | None = None,
        origin: str = "",
    ) -> Recipe:
        """The recipe of a training run.

        Args:
            stage: which one.
            steps: its length where no stage says its own `iterations`; by default the budget's.
            start: weights to start from.
            origin: the study's file, for messages.

        Raises:
            RecipeError: an unknown key or a value that breaks its rule.
        """
        plan, own = self.plan, self.study.variants[self.variant]
        steps = steps or plan.budget.steps
        layers: list[dict[str, Any]] = [
            self.study.recipe,
            plan.recipe,
            {"iterations": steps} if steps else {},
            plan.stages[stage],
            own.recipe,
            own.sizes.get(self.size, {}),
            (own.stages or {}).get(stage, {}),
            {"name": stage, "seed": self.seed, "about": f"{self.study.title}: {self.variant}"},
            {"start": {"checkpoint": str(start)}} if start else {},
            {"save": {"tensorboard": False}},
        ]
        values = Values()
        for layer in layers:
            values = Values(layer).over(values)
        place = f"{origin or self.study.name}, {self.variant}, {stage}"
        return to_recipe(Values(values.tree, {(key,): place for key in values.tree}))

    def document(self) -> dict[str, Any]:
        """What the results depend on, fit for JSON; weights to start from aside."""
        recipes = {stage: self.recipe(stage).model_dump(mode="json") for stage in self.stages}
        rest = {"evaluate": self.plan.evaluate, "budget": self.plan.budget}
        dumped = {name: part.model_dump(mode="json") for name, part in rest.items()}
        return {"recipes": recipes, **dumped, "threads": self.study.threads}


def cells_of(study: Study, size: str) -> tuple[Cell, ...]:
    """All cells, seed by seed, so that what is done early compares all variants.

    Raises:
        ValueError: the study has no such size.
    """
    if size not in study.sizes:
        raise ValueError(
            f"size of {study.name} must be one of {', '.join(study.sizes)}, got {size!r}"
        )
    return tuple(
        Cell(study=study, size=size, variant=variant, seed=seed)
        for seed in study.seeds
        for variant in study.variants
    )
