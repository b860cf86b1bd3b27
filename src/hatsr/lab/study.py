"""Studies: what is compared with what, what the paper says of it; strict YAML."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from hatsr.training.recipe.network_section import STRICT
from hatsr.training.recipe.sections import NonNegative, Positive, Rate, RunName

Tree = dict[str, Any]
"""Keys and values of a recipe, checked when a cell's recipe is made."""
Measure = Literal["psnr", "ssim", "di", "blocking"]
"""What variants are compared by: PSNR in dB and SSIM on Y, diffusion index, blocking index."""
Measured = dict[str, float]
"""A published value by the name of its column."""


class PaperPlace(BaseModel):
    """Where the paper says what a study asks."""

    model_config = STRICT
    place: str
    """Table or figure, such as "Table 1"."""
    column: str | None = None
    """Column of the variants' `paper` that the order is judged by; null where there are none."""
    says: str
    """The paper's claim, in words."""


class Budget(BaseModel):
    """How long each training run lasts; by default as many steps as its recipe says."""

    model_config = STRICT
    steps: Positive | None = None
    """Optimiser steps."""
    minutes: Rate | None = None
    """Instead: as many steps as fit, measured before the first one. Such a study does not give the
    same numbers again."""

    @model_validator(mode="after")
    def _one(self) -> "Budget":
        if self.steps is not None and self.minutes is not None:
            raise ValueError("budget must be steps or minutes, got both; leave one out")
        return self


class DiffusionPlan(BaseModel):
    """Where the diffusion index is measured."""

    model_config = STRICT
    pictures: Positive = 5
    """How many of the test pictures, the first ones."""
    grid: Positive = 2
    """Patches per side of each picture."""
    steps: Positive = 50
    """Steps along LAM's path."""


class EvaluationPlan(BaseModel):
    """What is measured of a trained network."""

    model_config = STRICT
    data: tuple[str, ...] = ("Set5", "Set14")
    """Names of benchmark sets, or folders of HR pictures."""
    di: DiffusionPlan | None = None
    """The diffusion index; null: not measured."""
    blocking: NonNegative = 0
    """Of so many pictures the mean blocking index of all layers, where the network shows them."""


class StudySize(BaseModel):
    """A study at one size: for a CPU, or as in the paper."""

    model_config = STRICT
    budget: Budget = Budget()
    """Of each stage that does not say its own `iterations`."""
    recipe: Tree = {}
    """What all runs share at this size; `include` as in recipes."""
    stages: dict[RunName, Tree] = {"training": {}}
    """Training runs in their order; each starts from the weights of the one before."""
    evaluate: EvaluationPlan = EvaluationPlan()
    """What is measured of the weights of each stage."""


class Variant(BaseModel):
    """A variant of the network or of its training, and the paper's values for it."""

    model_config = STRICT
    recipe: Tree = {}
    """How its recipes differ, at every size."""
    sizes: dict[str, Tree] = {}
    """How they differ at one size."""
    stages: dict[str, Tree] | None = None
    """Its stages and how each differs; null: all of them."""
    paper: dict[str, float | Measured] = {}
    """The paper's values by column; by stage and column where there are several stages."""


Subject = str | tuple[str, str]
"""A row of the results, or two of them for the first minus the second."""


class Claim(BaseModel):
    """An order that the paper states without numbers."""

    model_config = STRICT
    more: Subject
    less: Subject


class Study(BaseModel):
    """Variants, seeds, a budget, data, measures, and the paper's values."""

    model_config = STRICT
    name: RunName
    """Short; results are in lab/<name>-<size>."""
    title: str
    source: PaperPlace
    """Where the paper says it."""
    about: str = ""
    """What a reader of the report must know, in plain words."""
    measure: Measure = "psnr"
    """What the order is judged by."""
    seeds: Annotated[tuple[NonNegative, ...], Field(min_length=1)] = (0, 1, 2)
    """Seeds of the initial weights and the samples; variants are paired by them."""
    threads: Positive = 1
    """Of each run on a CPU: other numbers of threads round differently."""
    recipe: Tree = {}
    """What all runs share at every size."""
    sizes: Annotated[dict[RunName, StudySize], Field(min_length=1)]
    """`small` for a CPU, `full` as in the paper."""
    variants: Annotated[dict[str, Variant], Field(min_length=2)]
    """By name."""
    claims: tuple[Claim, ...] = ()
    """What the paper states beside its numbers."""

    @model_validator(mode="after")
    def _fits(self) -> "Study":
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must be different, got {list(self.seeds)}")
        if len({file_name(name) for name in self.variants}) < len(self.variants):
            raise ValueError(f"variants must differ in letters and digits, got {[*self.variants]}")
        for name, variant in self.variants.items():
            self._check_variant(name, variant)
        return self

    def _check_variant(self, name: str, variant: Variant) -> None:
        unknown = variant.sizes.keys() - self.sizes.keys()
        if unknown:
            raise ValueError(f"sizes of {name} must be the study's, got {', '.join(unknown)}")
        for each, size in self.sizes.items():
            strange = (variant.stages or {}).keys() - size.stages.keys()
            if strange:
                raise ValueError(
                    f"stages of {name} must be of size {each}, got {', '.join(sorted(strange))}"
                )
        stages = {stage for size in self.sizes.values() for stage in size.stages}
        wrong = [k for k, v in variant.paper.items() if isinstance(v, dict) and k not in stages]
        if wrong:
            raise ValueError(f"paper of {name} must be by the study's stages, got {wrong[0]}")

    def stages_of(self, variant: str, size: str) -> tuple[str, ...]:
        """The training runs of a variant, in their order."""
        own = self.variants[variant].stages
        return tuple(own if own is not None else self.sizes[size].stages)

    def published(self, variant: str, stage: str, *, is_last: bool) -> dict[str, float]:
        """The paper's values of a variant after a stage, by column."""
        given = self.variants[variant].paper
        nested = given.get(stage)
        if isinstance(nested, dict):
            return nested
        return {k: v for k, v in given.items() if is_last and not isinstance(v, dict)}


def file_name(name: str) -> str:
    """Letters, digits, `_`, `-` and `.` of a variant's name; what is between them as a `-`."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "-"
