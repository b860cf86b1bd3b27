"""Where weights come from: shipped names, files, folders, the Hugging Face hub."""

import os
from pathlib import Path

from hatsr.checkpoint.network_kinds import preset, presets
from hatsr.checkpoint.shipped_files import shipped
from hatsr.checkpoint.weight_files import CheckpointError, read
from hatsr.model import NetworkConfig

BEST = "best.safetensors"
"""Where a run keeps the weights that validation liked best; what its folder stands for."""
_ENDINGS = (".safetensors", ".pth")


def resolve(source: str | os.PathLike[str]) -> Path:
    """The file that a model argument means.

    Args:
        source: a shipped name (``hat-t-x4``), a file, the folder of a run (its best weights), a
            folder with one checkpoint in it, or ``hf://owner/name/file`` on the Hugging Face hub.

    Raises:
        CheckpointError: nothing, or more than one thing, answers to it.
    """
    text = os.fspath(source)
    if text in shipped():
        return shipped()[text]
    if text.startswith("hf://"):
        return _download(text)
    path = Path(text).expanduser()
    if path.is_dir():
        return _only_checkpoint(path)
    if path.is_file():
        return path
    known = ", ".join(shipped())
    if text in presets():
        raise CheckpointError(
            f"{text} is a network without shipped weights: give a checkpoint file of it, or one "
            f"of {known}"
        )
    raise CheckpointError(
        f"model must be a file, a folder, hf://owner/name/file or one of {known}; got {text!r}"
    )


def called(file: Path) -> str:
    """What the network in a file is called: as the file, or as the run whose best weights it has.

    Args:
        file: a checkpoint, see `resolve`.
    """
    return file.absolute().parent.name if file.name == BEST else file.stem


def find_config(source: str, *, scale: int | None = None) -> NetworkConfig:
    """The configuration of a named network, or of the one in a file.

    Args:
        source: a preset (`hatsr.checkpoint.presets`), or what `resolve` takes.
        scale: enlargement factor of a preset; None: 4.

    Raises:
        ValueError: nothing answers to the source, or a scale is given with a file.
    """
    if source in presets():
        return preset(source, scale=scale or 4)
    try:
        path = resolve(source)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; presets are {', '.join(presets())}") from None
    if scale is not None:
        raise ValueError(f"scale must be left out with a file, got {scale}; the file has its own")
    return read(path).config


def is_model_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder that stands for a network, whatever else is in it."""
    folder = Path(path).expanduser()
    return folder.is_dir() and bool(_checkpoints(folder))


def _checkpoints(folder: Path) -> list[Path]:
    """Checkpoint files of a folder by name; not those of its subfolders."""
    found = (path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _only_checkpoint(folder: Path) -> Path:
    """The best weights of a run, else the one checkpoint that there is."""
    found = _checkpoints(folder)
    best = folder / BEST
    if best in found:
        return best
    if len(found) != 1:
        names = ", ".join(p.name for p in found[:5]) or "none"
        raise CheckpointError(
            f"{folder} must hold one checkpoint ({' or '.join(_ENDINGS)}), got {names}; "
            "name the file"
        )
    return found[0]


def _download(address: str) -> Path:
    parts = address.removeprefix("hf://").split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise CheckpointError(f"a hub address must be hf://owner/name/file, got {address!r}")
    from huggingface_hub import hf_hub_download  # slow to import, needed here only
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    owner_name, file = "/".join(parts[:2]), parts[2]
    try:
        try:
            return Path(hf_hub_download(owner_name, file, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(hf_hub_download(owner_name, file))
    except LocalEntryNotFoundError:
        raise CheckpointError(
            f"{address} is not in the local cache and the hub cannot be reached; "
            "go online once, or download the file and give its path"
        ) from None
    except (HfHubHTTPError, HFValidationError) as error:
        first = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{address} cannot be had from the hub: {first}") from None
