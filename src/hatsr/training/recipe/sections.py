"""The sections of a recipe, as strict models; the defaults are the paper's values."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from hatsr.data import Stage, is_manifest
from hatsr.data.degrade import check_condition
from hatsr.training.losses import LossName
from hatsr.training.recipe.network_section import STRICT

Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


def _check_name(name: str) -> str:
    """A run's folder is set aside by --fresh: its name must not lead to another one."""
    if not re.fullmatch(r"[^\W_][\w.-]*", name):
        raise ValueError("must be letters, digits, '_', '-' and '.', a letter or digit first")
    return name


def _check_given(text: Any) -> Any:
    """An empty path would mean the folder that the command is called in."""
    if text == "":
        raise ValueError("must be a path; leave the key out or give null for none")
    return text


RunName = Annotated[str, AfterValidator(_check_name)]
PathText = Annotated[str, BeforeValidator(_check_given)]
FilePath = Annotated[Path, BeforeValidator(_check_given)]
Condition = Annotated[str, AfterValidator(check_condition)]


class DataRecipe(BaseModel):
    """Training pictures and how patches are cut from them."""

    model_config = STRICT
    train: tuple[PathText, ...] = ("data/train",)
    """Folders of HR pictures, or one manifest.json (a file or URL) of prepared shards."""
    train_lr: FilePath | None = None
    """Folder of LR pictures that go with the one HR folder; made from HR if absent."""
    lr_from: Literal["picture", "crop"] = "picture"
    """picture: 8-bit LR of whole pictures, as the benchmarks; crop: in float, on the fly."""
    patch: Positive = 64
    """Side of an LR patch, LR pixels."""
    batch: Positive = 32
    """Samples in a step, over all processes."""
    stages: tuple[Stage, ...] = ()
    """Other patch and batch sizes from later iterations on."""
    augment: bool = True
    """Random flips and right-angle rotations."""
    candidates: Annotated[int, Field(ge=1, le=7)] = 1
    """Crops to look at for each sample; the one with most detail is used."""
    workers: NonNegative = 2
    """Processes that cut patches; no number changes what comes out."""
    memory: Annotated[float, Field(ge=0)] = 4.0
    """GB that decoded pictures may take; a larger set is read when needed."""

    @property
    def is_manifest(self) -> bool:
        """Whether the pictures are in shards."""
        return len(self.train) == 1 and is_manifest(self.train[0])


class ValidRecipe(BaseModel):
    """Validation: Y-PSNR of the averaged weights, benchmark protocol."""

    model_config = STRICT
    data: FilePath | None = Path("data/valid")
    """Folder of HR pictures; null for none."""
    data_lr: FilePath | None = None
    """Folder of their LR; made from HR if absent."""
    share: Share = 0.0
    """Without a folder: share of the training pictures to hold out (at most 20, their middles)."""
    every: Positive = 5000
    """Iterations between validations."""
    pictures: NonNegative = 4
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
    optimizer: Literal["adam", "adamw", "lamb"] = "adam"
    """Adam as in the paper, with decoupled weight decay, or LAMB for large batches (RCAN-it)."""
    learning_rate: Rate = 2e-4
    """Learning rate at the start, or after the warm-up."""
    betas: tuple[Share, Share] = (0.9, 0.99)
    """Decay of the two moments."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled for adamw and lamb, none in the paper."""
    schedule: Literal["multistep", "cosine"] = "multistep"
    """Shape of the learning rate."""
    milestones: tuple[Positive, ...] = ()
    """multistep: iterations at which the rate is multiplied by `factor`."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """multistep: see milestones."""
    warmup: NonNegative = 0
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
    checkpoint: PathText | None = None
    """File, run folder or shipped name; tensors that fit by name and shape are taken."""
    interpolate: bool = False
    """Begin as plain interpolation (of HAT: pixelshuffle-direct tail only)."""


class AdversarialRecipe(BaseModel):
    """Training against a discriminator, from a network that was trained without one."""

    model_config = STRICT
    features: FilePath | None = None
    """Network of the perceptual loss: VGG19 as .safetensors by torchvision's names, a .pt2 or
    TorchScript file; without one there is no such loss."""
    pixel_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the pixel loss, `optim.loss`."""
    perceptual_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the perceptual loss."""
    gan_weight: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the adversarial loss."""
    sharpen: tuple[Literal["pixel", "perceptual", "gan"], ...] = ("pixel", "perceptual")
    """Losses whose HR is sharpened."""
    learning_rate: Rate = 1e-4
    """Of the discriminator; it falls as the network's does."""
    width: Positive = 64
    """Features of the discriminator."""
    pool: NonNegative = 180
    """Pairs of earlier batches that each batch is mixed with; 0 for none."""


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
