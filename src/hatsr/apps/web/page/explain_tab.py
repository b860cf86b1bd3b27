"""The tab Explain: click a spot, and see which pixels a network used for it."""

# Annotations are not postponed: Gradio reads the types of these functions.

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from hatsr.apps.web.page import explain_options, wording
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.controls import Controls, Update
from hatsr.apps.web.page.explain_options import make_task
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.work.explaining import LR_SIDE, PATCH_SIZE, ExplainMethod, ExplainTask
from hatsr.apps.web.work.upscale_task import SHOWN

_ABOUT = (
    f"**Which pixels did the network look at?** Click a spot. LAM explains the {PATCH_SIZE} × "
    f"{PATCH_SIZE} enlarged pixels there: it marks the pixels that the network used for them, of "
    f"the {LR_SIDE} × {LR_SIDE} small pixels around. The diffusion index (DI) says how widely it "
    "looked: more is wider."
)
_ADVICE = "Choose a picture, click a spot in it, and press Explain."
_THEN = "Now click a spot in the picture, and press Explain."
_UNSEEN = (
    "Browsers do not show pictures of this format: type the row and the column of the spot, and "
    "press Explain."
)
Upload = dict[str, Any] | None
"""A file as the page names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainTab:
    """The components of the tab that change."""

    controls: Controls
    status: gr.HTML
    figure: gr.Image

    @property
    def parts(self) -> list[gr.components.Component]:
        """All components of the tab."""
        return [self.status, self.figure, *self.controls.parts]

    def show(self, told: str, job: WebJob | None) -> Update:
        """How a job goes, and what it has given."""
        update = self.controls.update(busy=job is not None and not job.over)
        if job is None or job.state != "done":
            return update | {self.status: told, self.figure: gr.update(visible=False)}
        lines = [line.split(": ", 1) for line in job.result.lines]
        path = str(job.folder / job.result.figure)
        return update | {
            self.status: told + wording.table([(name, text) for name, text in lines]),
            self.figure: gr.update(value=path, visible=True),
        }


def add_explain_tab(service: Service) -> None:
    """Draw the tab, and say what its parts do."""
    gr.Markdown(_ABOUT)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = gr.Image(
                label="Picture; then click the spot",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard"],
                height=320,
                elem_id="explained",
            )
            with gr.Row():
                row = gr.Number(0, label="Row of the spot", precision=0, minimum=0, min_width=100)
                column = gr.Number(0, label="Column", precision=0, minimum=0, min_width=100)
            with gr.Row():
                start = gr.Button(
                    "Explain", variant="primary", elem_id="explain", size="md", min_width=90
                )
                features = gr.Button("Feature maps", elem_id="features", size="md", min_width=90)
                example = gr.Button("Example", elem_id="explain-example", size="md", min_width=90)
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="explain-cancel")
            options = explain_options.add_options(service)
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(wording.empty(_ADVICE), elem_id="spot")
            figure = gr.Image(
                label="Figure",
                visible=False,
                interactive=False,
                type="filepath",
                show_label=False,
                buttons=["download", "fullscreen"],
                elem_id="figure",
            )
    _connect_spot(picture, row, column, example)
    controls = Controls((start, features, example), cancel)
    tab = ExplainTab(controls=controls, status=status, figure=figure)
    inputs = [picture, row, column, *options]
    whats: dict[gr.Button, ExplainMethod] = {start: "lam", features: "features"}
    for button, what in whats.items():
        run = _run_of(what, service, tab)
        button.click(run, inputs, tab.parts, preprocess=False, show_progress="hidden")

    def stop(request: gr.Request) -> None:
        BrowserSession(service, request).cancel(ExplainTask)

    picture.change(
        _say_next, [picture], [status], preprocess=False, queue=False, show_progress="hidden"
    )
    cancel.click(stop, queue=False, show_progress="hidden")


def _path(picture: Upload) -> str:
    """The file of a picture, which Gradio would open here in the server; empty: there is none."""
    return str((picture or {}).get("path") or "")


def _say_next(picture: Upload) -> str:
    path = _path(picture)
    seen = not path or Path(path).suffix.lower() in SHOWN
    return wording.chosen(path, _THEN if seen else _UNSEEN, _ADVICE)


def _run_of(
    what: ExplainMethod, service: Service, tab: ExplainTab
) -> Callable[..., AsyncIterator[Update]]:
    """What a start button does."""

    async def run(request: gr.Request, picture: Upload, *chosen: Any) -> AsyncIterator[Update]:
        def make(copied: list[str]) -> ExplainTask:
            return make_task(copied[0], what, *chosen)

        session = BrowserSession(service, request)
        work = session.one(_path(picture), [], make)
        async for told, job in session.once(ExplainTask, work):
            yield tab.show(told, job)

    return run


def _connect_spot(picture: gr.Image, row: gr.Number, column: gr.Number, example: gr.Button) -> None:
    """A click fills in row and column, which the keyboard can do, too."""

    def click(event: gr.SelectData) -> tuple[int, int]:
        x, y = event.index
        return int(y), int(x)

    picture.select(click, None, [row, column], show_progress="hidden")
    example.click(
        lambda: (str(EXAMPLE), 76, 118), None, [picture, row, column], show_progress="hidden"
    )
