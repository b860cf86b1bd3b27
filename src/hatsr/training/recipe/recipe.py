"""What a training run is: a recipe, whose sections must go together."""

from typing import Literal

from pydantic import BaseModel, model_validator

from hatsr.checkpoint import DEFAULT_KIND
from hatsr.data import SamplePlan, Stage, Task
from hatsr.data.degrade import Degradation
from hatsr.model import NetworkConfig
from hatsr.training.recipe.network_section import (
    STRICT,
    NetworkSection,
    config_of_section,
    network_model,
)
from hatsr.training.recipe.sections import (
    AdversarialRecipe,
    DataRecipe,
    NonNegative,
    OptimRecipe,
    Positive,
    RunName,
    SaveRecipe,
    StartRecipe,
    ValidRecipe,
)
from hatsr.training.start.initial import check_interpolation


class Recipe(BaseModel):
    """A whole training run."""

    model_config = STRICT
    name: RunName
    """Name of the run; its folder is runs/<name>. Letters, digits, `_`, `-` and `.`."""
    about: str = ""
    """What the run is for, in words."""
    seed: NonNegative = 0
    """Seed of the initial weights and the samples."""
    iterations: Positive = 500_000
    """Optimiser steps."""
    accumulate: Positive = 1
    """Parts in which each process takes its share of a batch."""
    precision: Literal["no", "bf16"] = "no"
    """Mixed precision: none, or bfloat16 where PyTorch has it."""
    compile: bool = False
    """Compile the network by PyTorch at its first step: minutes, for fewer passes over memory."""
    activation_checkpointing: bool = False
    """Recompute blocks in the backward pass: less memory, a third more time."""
    network: NetworkSection = network_model(DEFAULT_KIND)()
    """The network to train: `kind`, `preset` and what differs; a kind's fields are those of its
    configuration."""
    tasks: tuple[Task, ...] = ()
    """Related tasks trained together, the first judged; none for super-resolution alone."""
    data: DataRecipe = DataRecipe()
    """Training pictures and their patches."""
    degrade: Degradation | None = None
    """How their LR is degraded; `preset: NAME` stands below the values given. None for clean LR."""
    valid: ValidRecipe = ValidRecipe()
    """How the averaged weights are validated."""
    optim: OptimRecipe = OptimRecipe()
    """Loss, optimiser and schedule."""
    adversarial: AdversarialRecipe | None = None
    """A discriminator to train against; none for the pixel loss alone."""
    start: StartRecipe = StartRecipe()
    """Weights before the first step."""
    save: SaveRecipe = SaveRecipe()
    """States to resume from, and the log."""

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        self._check_network()
        self._check_data()
        self._check_adversarial()
        SamplePlan(self.stages, self.iterations)  # refuses stages out of order
        late = [m for m in self.optim.milestones if m >= self.iterations]
        if late:
            raise ValueError(
                f"optim.milestones must lie below iterations {self.iterations}, got {late}; give "
                "milestones that go with the iterations"
            )
        return self

    def _check_network(self) -> None:
        config = self.config
        if config.channels != 3:
            raise ValueError(
                f"network.channels must be 3 for training, got {config.channels}; pictures are "
                "read as RGB"
            )
        if self.start.interpolate:
            check_interpolation(config)
        if self.tasks and self.tasks[0].scale != config.scale:
            raise ValueError(
                f"the first task must have the network's scale {config.scale}, "
                f"got {self.tasks[0].scale}"
            )

    def _check_data(self) -> None:
        data, valid, scale = self.data, self.valid, self.config.scale
        if data.train_lr and (data.is_manifest or data.lr_from == "crop"):
            raise ValueError(
                "data.train_lr must go with a folder and lr_from 'picture', got "
                f"{data.train} and {data.lr_from!r}; leave it out"
            )
        if data.is_manifest and valid.share and not valid.data:
            raise ValueError(
                f"valid.share must be 0 with a manifest, got {valid.share}; name a folder in "
                "valid.data"
            )
        if self.degrade and data.lr_from == "crop":
            raise ValueError(
                "data.lr_from must be 'picture' with degrade, got 'crop'; the margin about a patch "
                "comes from the whole picture"
            )
        has_lr = scale == 1 and data.train_lr is not None
        if any(task.scale == 1 and not task.noise for task in self.all_tasks) and not has_lr:
            raise ValueError(
                "scale 1 must come with noise (in tasks) or with data.train_lr, got neither; "
                "nothing could be learned but to copy"
            )

    def _check_adversarial(self) -> None:
        if self.adversarial is None:
            return
        if self.tasks:
            raise ValueError(
                f"tasks must be none with adversarial, got {len(self.tasks)}; train the first alone"
            )
        if self.adversarial.sharpen and self.degrade and self.degrade.sharpen:
            raise ValueError(
                "degrade.sharpen must be false with adversarial.sharpen, got true; HR would be "
                "sharpened twice"
            )
        odd = [s.patch for s in self.stages if s.patch * self.config.scale % 8]
        if odd:
            raise ValueError(
                "HR patches must have sides of a multiple of 8 with adversarial, got "
                f"{odd[0]} x {self.config.scale}; choose another data.patch"
            )

    @property
    def config(self) -> NetworkConfig:
        """The network's configuration."""
        return config_of_section(self.network)

    @property
    def all_tasks(self) -> tuple[Task, ...]:
        """The related tasks, or super-resolution alone."""
        return self.tasks or (Task(self.config.scale),)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Patch and batch sizes by iteration."""
        return (Stage(0, self.data.patch, self.data.batch), *self.data.stages)

    @property
    def largest_patch(self) -> int:
        """The largest side of an LR patch in all stages, LR pixels."""
        return max(stage.patch for stage in self.stages)
