"""The buttons of a tab, which say by themselves what can be done now."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

Update = dict[Any, Any]
"""New values of components."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What starts work on a tab, and what ends it."""

    starts: tuple[gr.Button, ...]
    """Each begins a job."""
    cancel: gr.Button
    """There only while one is at work."""

    @property
    def parts(self) -> list[Any]:
        """The components."""
        return [*self.starts, self.cancel]

    def update(self, *, busy: bool) -> Update:
        """At work, or ready for the next start."""
        starts: Update = {start: gr.update(interactive=not busy) for start in self.starts}
        return starts | {self.cancel: gr.update(visible=busy)}
