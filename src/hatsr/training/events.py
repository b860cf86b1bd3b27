"""What a run reports: events, and where they go."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatsr.files import replacing

Event = dict[str, Any]
"""At least `event` (setup, note, start, step, validation, saved, end) and `step`.

A setup event and a note have a `text`, what else there is stands where the event is reported.
"""
Listener = Callable[[Event], None]
"""Takes every event of a run in the main process."""


def ignore(event: Event) -> None:
    """The listener of a run that nobody watches."""


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
    """Numbers of events as TensorBoard curves."""

    def __init__(self, folder: Path, resumed_at: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow, and an extra

        self.writer = SummaryWriter(str(folder), purge_step=resumed_at + 1)

    def __call__(self, event: Event) -> None:
        """Add the event's numbers."""
        for key, value in event.items():
            if key != "step" and isinstance(value, int | float):
                self.writer.add_scalar(f"{event['event']}/{key}", value, event["step"])
        if event["event"] in ("validation", "end"):
            self.writer.flush()
