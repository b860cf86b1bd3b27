"""What a run reports: events, and where they go."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatsr.files import replacing

Event = dict[str, Any]
"""At least `event` (setup, note, start, step, validation, saved, end) and `step`.

The events setup (before the run is opened, so in no log) and note have a `text`, start has the
`iterations` of the run; what else there is stands in `loop.py` and `run.py`.
"""
Listener = Callable[[Event], None]
"""Takes every event of a run in the main process."""


def ignore(event: Event) -> None:
    """The default: events go to the run's files alone."""


class JsonLines:
    """One JSON object a line. Lines of steps that will be run again are dropped on resume."""

    def __init__(self, path: Path, resumed_at: int) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")  # a crash may leave anything
            lines = [line for line in text.splitlines() if _kept(line, resumed_at)]
            with replacing(path) as part:
                part.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def __call__(self, event: Event) -> None:
        """Append an event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")


def _kept(line: str, resumed_at: int) -> bool:
    try:
        return json.loads(line)["step"] <= resumed_at
    except (json.JSONDecodeError, KeyError, TypeError):
        return False  # cut by a crash


class TensorBoard:
    """Numbers of steps, validations and the end as TensorBoard curves."""

    def __init__(self, folder: Path, resumed_at: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow, and an extra

        self.writer = SummaryWriter(str(folder), purge_step=resumed_at + 1)

    def __call__(self, event: Event) -> None:
        """Add the event's numbers."""
        if event["event"] == "start":
            return  # its numbers make no curve
        for key, value in event.items():
            if key != "step" and isinstance(value, int | float):
                self.writer.add_scalar(f"{event['event']}/{key}", value, event["step"])
        if event["event"] in ("validation", "end"):
            self.writer.flush()
