"""The networks that a service can run: shipped ones, and those of its models folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatsr.apps.web.limits import Limits

if TYPE_CHECKING:
    from hatsr.inference.choosing import ModelChooser
    from hatsr.inference.upscaler import Upscaler

_ENDINGS = (".safetensors", ".pth")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """A network that can be chosen."""

    name: str
    """What it is called here; nothing else names a file of the service."""
    scale: int
    """SR pixels for each LR pixel, along a side."""
    shipped: bool
    """Whether its weights are part of hatsr."""


class ModelCache:
    """Opens networks by their names here, and keeps the last one open.

    Args:
        limits: memory for pictures.
        folder: checkpoints beside the shipped ones; None: no others.
    """

    def __init__(self, limits: Limits, folder: Path | None) -> None:
        from hatsr import checkpoint

        self.limits, self.remarks = limits, ()
        shipped = checkpoint.shipped()
        self._paths = shipped | _checkpoints(folder)
        self._facts = {}
        for name, path in self._paths.items():
            try:
                scale = checkpoint.read(path).config.scale
                self._facts[name] = ModelInfo(name=name, scale=scale, shipped=name in shipped)
            except (ValueError, OSError) as error:
                self.remarks += (f"{name} is left out: {error}",)
        self._open: tuple[object, Upscaler | ModelChooser] | None = None

    def models(self) -> tuple[ModelInfo, ...]:
        """All networks, shipped ones first."""
        return tuple(sorted(self._facts.values(), key=lambda facts: not facts.shipped))

    def path(self, name: str) -> str:
        """The checkpoint of a name.

        Raises:
            ValueError: there is none; a path or an address is never followed.
        """
        if name not in self._facts:
            raise ValueError(f"model must be one of {', '.join(self._facts)}; got {name!r}")
        return str(self._paths[name])

    def scale(self, name: str) -> int:
        """SR pixels for each LR pixel of a network.

        Raises:
            ValueError: there is no such network.
        """
        self.path(name)
        return self._facts[name].scale

    def default(self, scale: int | float | None) -> str:
        """The shipped network for a factor."""
        from hatsr import checkpoint

        return checkpoint.default_model(scale)

    def upscaler(
        self,
        name: str,
        scale: int | float | None = None,
        ensemble: bool = False,
        denoise: float | None = None,
    ) -> Upscaler | ModelChooser:
        """A network ready to enlarge pictures within the budget.

        Args:
            name: here; empty: each picture says which shipped one it needs.
            scale: factor of the result; None: the network's own.
            ensemble: whether it is the mean over eight flips and turns.
            denoise: 0 to 1, between the clean and the real-world weights of a shipped network.

        Raises:
            ValueError: there is no such network, or it cannot do this.
        """
        from hatsr.inference.choosing import open_upscaler
        from hatsr.inference.settings import Settings

        wanted = (name, scale, ensemble, denoise)
        if self._open is None or self._open[0] != wanted:
            self._open = None  # its memory first
            settings = Settings(memory=self.limits.engine_bytes, scale=scale, ensemble=ensemble)
            path = self.path(name) if name else None
            model = path if denoise is None else name  # only shipped ones, which have names
            self._open = wanted, open_upscaler(model, settings, None, denoise)
        return self._open[1]


def _checkpoints(folder: Path | None) -> dict[str, Path]:
    """Checkpoint files, and folders of runs, in a folder."""
    from hatsr.checkpoint import is_model_folder

    if folder is None:
        return {}
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if (path.suffix in _ENDINGS and path.is_file()) or is_model_folder(path):
            found[path.name] = path
    return found
