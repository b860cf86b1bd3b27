"""The segments of a clip that is under way, in a folder beside its result."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from hatsr.files import remove_leftovers, replacing
from hatsr.video.clip import ClipError

_PLAN = "plan.json"


class SegmentFolder:
    """The folder, which lasts from the first segment to the finished clip.

    Args:
        target: the finished clip; the folder has its name and ``.parts``.
        plan: all on which the segments depend.
        anew: remove segments of another plan instead of refusing.

    Raises:
        ClipError: the folder holds segments of another plan.
        OSError: the folder cannot be made.
    """

    def __init__(self, target: Path, plan: Mapping[str, object], *, anew: bool) -> None:
        self.folder = target.with_name(f"{target.name}.parts")
        if self.folder.is_dir() and not any(self._kept()):  # stopped before there was a plan
            self.remove()
        if self.folder.is_dir() and (other := self._difference(plan)) is not None:
            if not anew:
                raise ClipError(
                    f"settings must be those with which {self.folder} was begun, got another "
                    f"{other}; give the same, or --overwrite to begin anew"
                )
            self.remove()
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True)
            with replacing(self.folder / _PLAN) as part:
                part.write_text(json.dumps(plan, indent=2), encoding="utf-8")

    def _kept(self) -> Iterator[Path]:
        """What is in the folder, but for files that a kill left half written."""
        return (path for path in self.folder.iterdir() if path.suffix != ".part")

    def _difference(self, plan: Mapping[str, object]) -> str | None:
        """The first entry in which the folder's plan is another; None: it is the same."""
        try:
            found = json.loads((self.folder / _PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "plan, or none"
        wanted = json.loads(json.dumps(plan))
        return next((k for k in {**wanted, **found} if found.get(k) != wanted.get(k)), None)

    def segment(self, number: int) -> Path:
        """The file of a segment, whether it is there or not."""
        path = self.folder / f"{number:06}.nut"
        if not path.exists():
            remove_leftovers(path)
        return path

    def remove(self) -> None:
        """Remove the folder: the clip is finished."""
        shutil.rmtree(self.folder)
