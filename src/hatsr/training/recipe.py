"""What a training run is: strict models of a recipe; the defaults are the paper's values."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from hatsr.data.batches import Stage
from hatsr.data.degrade import PRESETS, Degradation, check_condition
from hatsr.data.degrade import preset as degradation_preset
from hatsr.model import HATConfig, preset
from hatsr.training.losses import LossName
from hatsr.training.yaml_files import RecipeError, Values, read_overrides, read_values

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)
Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


Condition = Annotated[str, AfterValidator(check_condition)]


class DataRecipe(BaseModel):
    """Training pictures and how patches are cut from them."""

    model_config = STRICT
    train: tuple[str, ...] = ("data/train",)
    """Folders of HR pictures, or one manifest.json (a file or URL) of prepared shards."""
    train_lr: Path | None = None
    """Folder of LR pictures that go with the one HR folder; made from HR if absent."""
    lr_from: Literal["picture", "crop"] = "picture"
    """picture: 8-bit LR of whole pictures, as the benchmarks; crop: in float, on the fly."""
    patch: Positive = 64
    """Side of an LR patch, LR pixels."""
    batch: Positive = 32
    """Samples in a step, over all processes."""
    stages: tuple[tuple[Positive, Positive, Positive], ...] = ()
    """(iteration, patch, batch): from that iteration on, other patch and batch sizes."""
    augment: bool = True
    """Random flips and right-angle rotations."""
    candidates: Annotated[int, Field(ge=1, le=7)] = 1
    """Crops to look at for each sample; the one with most detail is used."""
    workers: Count = 2
    """Processes that cut patches; no number changes what comes out."""
    memory: Annotated[float, Field(ge=0)] = 4.0
    """GB that decoded pictures may take; a larger set is read when needed."""

    @property
    def is_manifest(self) -> bool:
        """Whether the pictures are in shards."""
        return len(self.train) == 1 and self.train[0].endswith(".json")


class TaskRecipe(BaseModel):
    """One of several related tasks that share the network's body."""

    model_config = STRICT
    scale: Positive
    """Enlargement factor."""
    noise: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of Gaussian noise on LR, levels of 255."""


class ValidRecipe(BaseModel):
    """Validation: Y-PSNR of the averaged weights, benchmark protocol."""

    model_config = STRICT
    data: Path | None = Path("data/valid")
    """Folder of HR pictures; null for none."""
    data_lr: Path | None = None
    """Folder of their LR; made from HR if absent."""
    share: Share = 0.0
    """Without a folder: share of the training pictures to hold out (at most 20, their middles)."""
    every: Positive = 5000
    """Iterations between validations."""
    pictures: Count = 4
    """SR pictures saved at each validation."""
    patience: Positive | None = None
    """Stop after so many validations without a new best; null for never."""
    conditions: tuple[Condition, ...] = ("clean",)
    """LR by which each picture is judged: clean, jpeg-50, noise-15, photo, photo.2 ..."""


class OptimRecipe(BaseModel):
    """Loss, optimiser and its schedule."""

    model_config = STRICT
    loss: LossName = "l1"
    """Pixel loss; see hatsr.training.losses."""
    optimizer: Literal["adam", "adamw"] = "adam"
    """Optimiser."""
    learning_rate: Rate = 2e-4
    """At the start, or after the warm-up."""
    betas: tuple[Share, Share] = (0.9, 0.99)
    """Decay of the two moments."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled for adamw, none in the paper."""
    schedule: Literal["multistep", "cosine"] = "multistep"
    """Shape of the learning rate."""
    milestones: tuple[Positive, ...] = ()
    """multistep: iterations at which the rate is multiplied by `factor`."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """multistep: see milestones."""
    warmup: Count = 0
    """Iterations over which the rate rises linearly."""
    floor: Share = 0.0
    """cosine: last rate over the largest."""
    clip: Rate | None = None
    """Largest norm of the gradient; null for no clipping."""
    ema: Share = 0.999
    """Decay of the averaged weights."""


class StartRecipe(BaseModel):
    """What the weights are before the first step."""

    model_config = STRICT
    checkpoint: str | None = None
    """File, run folder or shipped name; tensors that fit by name and shape are taken."""
    interpolate: bool = False
    """Begin as plain interpolation (pixelshuffle-direct tail only)."""


class SaveRecipe(BaseModel):
    """States to resume from, and the log."""

    model_config = STRICT
    every: Positive = 1000
    """Iterations between states."""
    keep: Annotated[int, Field(ge=2)] = 2
    """Newest states to keep."""
    log_every: Positive = 100
    """Iterations between lines of the log."""
    tensorboard: bool = True
    """Write TensorBoard files too."""


Network = create_model(
    "Network",
    __config__=STRICT,
    __doc__="A preset and what differs from it; fields as in HATConfig.",
    preset=(str, "hat"),
    **{f.name: (f.type | None, None) for f in fields(HATConfig)},  # pyright: ignore
)


class Recipe(BaseModel):
    """A whole training run."""

    model_config = STRICT
    name: str
    """Of the run; its folder is runs/<name>."""
    about: str = ""
    """What it is for."""
    seed: Count = 0
    """Of the initial weights and the samples."""
    iterations: Positive = 500_000
    """Optimiser steps."""
    accumulate: Positive = 1
    """Parts in which each process takes its share of a batch."""
    precision: Literal["no", "bf16"] = "no"
    """Mixed precision."""
    activation_checkpointing: bool = False
    """Recompute blocks in the backward pass: less memory, a third more time."""
    network: Network = Network()  # pyright: ignore
    """The network."""
    tasks: tuple[TaskRecipe, ...] = ()
    """Related tasks trained together, the first judged; none for super-resolution alone."""
    data: DataRecipe = DataRecipe()
    """Training pictures."""
    degrade: Degradation | None = None
    """How their LR is degraded; `preset: NAME` stands below the values given. None for clean LR."""
    valid: ValidRecipe = ValidRecipe()
    """Validation."""
    optim: OptimRecipe = OptimRecipe()
    """Loss and optimiser."""
    start: StartRecipe = StartRecipe()
    """Initial weights."""
    save: SaveRecipe = SaveRecipe()
    """States and log."""

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        self._check_network()
        self._check_data()
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
        if self.start.interpolate and config.tail != "pixelshuffle-direct":
            raise ValueError(
                f"start.interpolate must be false for the tail {config.tail!r}; it is known for "
                "'pixelshuffle-direct' only"
            )
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
        tasks = self.tasks or (TaskRecipe(scale=scale),)
        has_lr = scale == 1 and data.train_lr is not None
        if any(task.scale == 1 and not task.noise for task in tasks) and not has_lr:
            raise ValueError(
                "scale 1 must come with noise (in tasks) or with data.train_lr, got neither; "
                "nothing could be learned but to copy"
            )

    @property
    def config(self) -> HATConfig:
        """The network's configuration."""
        given = {k: v for k, v in self.network.model_dump().items() if v is not None}
        base = preset(given.pop("preset"))
        return HATConfig(**{f.name: given.get(f.name, getattr(base, f.name)) for f in fields(base)})

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Patch and batch sizes by iteration."""
        first = Stage(0, self.data.patch, self.data.batch)
        return (first, *(Stage(*stage) for stage in self.data.stages))


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file with its includes, and overrides as `optim.learning_rate=1e-4`.

    Raises:
        RecipeError: an unknown key or a value that breaks its rule; key and file are named.
    """
    return to_recipe(read_overrides(overrides).over(read_values(path)))


def to_recipe(values: Values) -> Recipe:
    """Check values; see `read_recipe`."""
    values = _over_preset(values)
    try:
        # By way of JSON: there a list may stand for a tuple and text for a path, nothing else.
        return Recipe.model_validate_json(json.dumps(values.tree))
    except ValidationError as error:
        lines = [_explain(problem, values) for problem in error.errors(include_url=False)]
        raise RecipeError("; ".join(lines)) from None


def _over_preset(values: Values) -> Values:
    """The values with those of the degradation's preset below."""
    given = values.tree.get("degrade")
    if not isinstance(given, dict) or "preset" not in given:
        return values
    try:
        base = asdict(degradation_preset(str(given["preset"])))
    except ValueError as error:
        raise RecipeError(
            f"degrade.preset in {values.origin(('degrade', 'preset'))}: {error}"
        ) from None
    own = {key: value for key, value in given.items() if key != "preset"}
    preset_origin = f"the preset {given['preset']}"
    below = Values({"degrade": base}, {("degrade", key): preset_origin for key in base})
    return Values({**values.tree, "degrade": own}, values.origins).over(below)


def _explain(problem: Any, values: Values) -> str:
    place = tuple(str(part) for part in problem["loc"])
    key, origin = ".".join(place) or "the recipe", values.origin(place)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {key} in {origin}{_suggestion(place)}"
    if problem["type"] == "missing":
        return f"{key} must be given, in {origin}"
    text = problem["msg"].removeprefix("Value error, ")
    if not place:
        return f"{text} ({origin})"
    says_it = problem["type"] == "value_error"  # messages of ours
    return f"{key} in {origin}: {text}" + ("" if says_it else f", got {problem['input']!r}")


def _suggestion(place: tuple[str, ...]) -> str:
    """The known key nearest in spelling."""
    from difflib import get_close_matches

    known = _keys(Recipe)
    for part in place[:-1]:
        known = _keys(known.get(part))
    near = get_close_matches(place[-1], known, 1)
    return f"; did you mean {'.'.join((*place[:-1], near[0]))}?" if near else ""


def _keys(section: Any) -> dict[str, Any]:
    """The keys of a section, with what they hold; of an optional section, too."""
    kinds = [kind for kind in get_args(section) if kind is not type(None)] or [section]
    if is_dataclass(kinds[0]):
        return {field.name: field.type for field in fields(kinds[0])}
    known = getattr(kinds[0], "model_fields", {})
    return {name: field.annotation for name, field in known.items()}


def schema() -> str:
    """The JSON schema of a recipe (with `include`), for editors."""
    described = Recipe.model_json_schema()
    described["properties"]["include"] = {
        "description": "Recipe files whose values stand below this one's; later ones win.",
        "type": "array",
        "items": {"type": "string"},
    }
    described["$defs"]["Degradation"]["properties"]["preset"] = {
        "description": "Named degradation whose values stand below those given.",
        "enum": list(PRESETS),
    }
    return json.dumps(described, indent=2) + "\n"
