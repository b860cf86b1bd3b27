"""Everything a run needs before its first step, made from its recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from hatsr.data import (
    DataError,
    FolderSource,
    PairCache,
    PatchDataset,
    SamplePlan,
    Source,
    ValidationPair,
    advice_for,
    decode_validation,
    describe_left_out,
    fingerprint,
    hold_out,
    is_manifest,
    keep_in_memory,
    open_folders,
    open_source,
)
from hatsr.inference.settings import AUTO, check_device
from hatsr.model import WithActivationCheckpointing
from hatsr.training.recipe import Recipe
from hatsr.training.start.initial import start_as_interpolation, transfer
from hatsr.training.start.networks import Networks
from hatsr.training.states import states
from hatsr.training.validation import under_conditions

Say = Callable[[str], None]
_GB = 1 << 30


def _say_nothing(text: str) -> None:
    """The default of `say`, and what processes other than the main one do."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A run that is ready to start."""

    recipe: Recipe
    """The recipe of the run."""
    folder: Path
    """Where states, weights, log and samples go."""
    accelerator: Accelerator
    """Device, processes and precision."""
    patches: PatchDataset
    """The training samples."""
    plan: SamplePlan
    """Which samples a step takes."""
    validation: tuple[ValidationPair, ...]
    """Pictures to validate by."""
    networks: Networks
    """The networks of all tasks, with their initial weights."""

    def fingerprints(self) -> dict[str, str]:
        """Digests of the pictures that are trained on and validated by; a run keeps both."""
        return {
            "training": self.patches.pairs.source.fingerprint(),
            "validation": fingerprint(self.validation),
        }


def set_up(
    recipe: Recipe,
    folder: Path,
    say: Say = _say_nothing,
    device: str = AUTO,
    fresh: bool = False,
) -> Setup:
    """Open data, make the network, load its initial weights.

    Args:
        recipe: the run.
        folder: folder of the run.
        say: takes lines on what was taken and left out, in the main process.
        device: auto, cpu, cuda, cuda:1, mps ...; auto is a GPU for each process where there is one.
        fresh: load the initial weights even if there are states to go on from.

    Raises:
        DataError, ValueError: what cannot work, with what to do.
    """
    accelerator = open_accelerator(device, recipe.precision)
    plan = SamplePlan(
        recipe.stages, recipe.iterations, accelerator.num_processes, recipe.accumulate
    )
    say = say if accelerator.is_main_process else _say_nothing
    _check_outside(folder, recipe.data.train)
    source, validation = open_sources(recipe)
    if validation and recipe.all_tasks[0].noise and not recipe.valid.data_lr:
        say("validation is without the first task's noise; give valid.data_lr to have it with")
    if validation and recipe.degrade and recipe.valid.conditions == ("clean",):
        say("validation is on clean LR; give valid.conditions to judge by degraded LR")
    patches = PatchDataset(
        open_pairs(recipe, source, say),
        recipe.all_tasks,
        recipe.seed,
        recipe.data.augment,
        recipe.data.candidates,
        recipe.degrade,
    )
    networks = make_networks(recipe, say, is_new=fresh or not states(folder / "states"))
    return Setup(recipe, folder, accelerator, patches, plan, validation, networks)


def open_accelerator(device: str = AUTO, precision: str = "no") -> Accelerator:
    """What Accelerate found of processes and devices, on the device that is asked for.

    Args:
        device: auto, or one as torch names it.
        precision: mixed precision, as in `Recipe`.

    Raises:
        ValueError: the device is not there, or not one that Accelerate would take here.
    """
    if device == AUTO:
        return Accelerator(mixed_precision=precision)
    check_device(device)
    wanted = torch.device(device)
    if wanted.type == "cuda":
        torch.cuda.set_device(wanted)
    accelerator = Accelerator(cpu=wanted.type == "cpu", mixed_precision=precision)
    if accelerator.device.type != wanted.type:
        raise ValueError(
            f"device must be cpu or {accelerator.device.type} to train here, got {device}; choose "
            "auto"
        )
    return accelerator


def _check_outside(folder: Path, train: Sequence[str]) -> None:
    """The pictures that a run writes must not become its training data."""
    for place in train:
        if folder.resolve().is_relative_to(Path(place).resolve()):
            raise DataError(
                f"data.train must not hold the run itself, got {place} with {folder}; give --runs "
                "a place outside"
            )


def _check_places(recipe: Recipe) -> None:
    """What a recipe names must be there, whether it or the user chose the place.

    Raises:
        DataError: something is not; a line for each says by which key to give it.
    """
    data, valid = recipe.data, recipe.valid
    places: list[tuple[str, str | Path | None]] = [
        *(("data.train=[DIR]", place) for place in data.train),
        ("data.train_lr=DIR", data.train_lr),
        ("valid.data=DIR", valid.data),
        ("valid.data_lr=DIR", valid.data_lr if valid.data else None),
    ]
    missing = [
        f"{given.partition('=')[0]} must be a {'file' if is_manifest(str(place)) else 'folder'} "
        f"that exists, got {place}; give it as {given}, or in the recipe"
        for given, place in places
        if place is not None and not _is_there(str(place))
    ]
    if missing:
        raise DataError("\n".join(missing))


def _is_there(place: str) -> bool:
    """Whether there is a folder, or the manifest of shards; of a URL nothing is known yet."""
    if is_manifest(place):
        return "://" in place or Path(place).is_file()
    return Path(place).is_dir()


def open_sources(recipe: Recipe) -> tuple[Source, tuple[ValidationPair, ...]]:
    """The pictures for training, and those for validation, decoded."""
    _check_places(recipe)
    data, valid, scale = recipe.data, recipe.valid, recipe.config.scale
    validation = ()
    if valid.data:
        validation = decode_validation(open_folders([valid.data], valid.data_lr, scale), scale)
        validation = under_conditions(validation, valid.conditions)
    source = open_source(data.train, data.train_lr, scale)
    if valid.data or not valid.share or not isinstance(source, FolderSource):
        return source, validation
    scales = [task.scale for task in recipe.all_tasks]
    left, validation = hold_out(source, valid.share, recipe.seed, scales, recipe.largest_patch)
    return left, under_conditions(validation, valid.conditions)


def open_pairs(recipe: Recipe, source: Source, say: Say) -> PairCache:
    """Training pictures, in memory if they fit; those left out are named with the reasons."""
    data = recipe.data
    from_crops = data.lr_from == "crop"
    scales = () if from_crops else tuple(sorted({task.scale for task in recipe.all_tasks}))
    patch, scale = (1, 1) if from_crops else (recipe.largest_patch, max(scales))
    pairs = keep_in_memory(source, scales, int(data.memory * _GB), patch * scale)
    for name, reason in list(pairs.broken.items())[:20]:
        say(f"left out {name}: {reason}")
    if len(pairs.broken) > 20:
        say(f"... and {len(pairs.broken) - 20} more left out; `hatsr data check` lists all")
    if not len(pairs):
        raise DataError(
            f"data.train must hold usable pictures, got {len(source)} of which none can be used "
            f"({describe_left_out(pairs.broken)}); {advice_for(source, patch, scale)}"
        )
    return pairs


def make_networks(recipe: Recipe, say: Say, is_new: bool) -> Networks:
    """The networks; of a new run with the weights that the recipe's `start` asks for."""
    torch.manual_seed(recipe.seed)
    networks = Networks(recipe.config, tuple(task.scale for task in recipe.tasks))
    if is_new and recipe.start.interpolate:
        start_as_interpolation(networks.main)
    if is_new and recipe.start.checkpoint:
        say(str(transfer(networks.main, recipe.start.checkpoint)))
    if recipe.activation_checkpointing:
        for network in networks.each():
            if not isinstance(network, WithActivationCheckpointing):
                raise ValueError(
                    "activation_checkpointing must be false for a network that keeps all "
                    f"activations, got {type(network).__name__}"
                )
            network.use_activation_checkpointing()
    return networks
