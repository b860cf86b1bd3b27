"""The tab Compare: two networks on one picture, a line between them."""

# Annotations are not postponed: Gradio reads the types of these functions.

from collections.abc import AsyncIterator
from dataclasses import dataclass

import gradio as gr

from hatsr.apps.web.page import wording
from hatsr.apps.web.page.before_after import make_slider
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.controls import Controls, Update
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.work.comparing import CompareResult, CompareTask

_ADVICE = "Choose a picture and two models of one factor, and press Compare."
_THEN = "Now press Compare."
_PREFERRED = ("hat-t-x4", "hat-t-real-x4")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompareTab:
    """The components of the tab that change."""

    controls: Controls
    status: gr.HTML
    slider: gr.ImageSlider
    difference: gr.Image

    @property
    def parts(self) -> list[gr.components.Component]:
        """All components of the tab."""
        return [self.status, self.slider, self.difference, *self.controls.parts]

    def show(self, told: str, job: WebJob | None) -> Update:
        """How a job goes, and what it has given."""
        update = self.controls.update(busy=job is not None and not job.over)
        if job is None or job.state != "done":
            hidden = {part: gr.update(visible=False) for part in (self.slider, self.difference)}
            return update | hidden | {self.status: told}
        a, b, apart = (str(job.folder / f"{name}.png") for name in ("a", "b", "difference"))
        return update | {
            self.status: told + _facts(job.result),
            self.slider: gr.update(value=(a, b), visible=True),
            self.difference: gr.update(value=apart, visible=True),
        }


def add_compare_tab(service: Service) -> None:
    """Draw the tab, and say what its parts do."""
    names = [model.name for model in service.ready.models]
    two = _PREFERRED if set(_PREFERRED) <= set(names) else (names[0], names[0])
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = gr.File(
                label="Picture: drop, paste or choose", height=140, elem_id="compare-picture"
            )
            hr = gr.File(
                label="Its true large picture (HR), if you have it",
                height=140,
                elem_id="compare-hr",
            )
            with gr.Row():
                left = gr.Dropdown(names, label="Left", value=two[0], filterable=False)
                right = gr.Dropdown(names, label="Right", value=two[1], filterable=False)
            with gr.Row():
                start = gr.Button("Compare", variant="primary", elem_id="compare", min_width=140)
                example = gr.Button("Example", elem_id="compare-example", min_width=140)
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="compare-cancel")
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(wording.empty(_ADVICE))
            slider = make_slider("Left and right", "compared")
            difference = gr.Image(
                label="Difference, white where it is largest",
                interactive=False,
                visible=False,
                type="filepath",
                buttons=["download", "fullscreen"],
                elem_id="difference",
            )
    controls = Controls((start, example), cancel)
    tab = CompareTab(controls=controls, status=status, slider=slider, difference=difference)

    async def run(
        file: str | None, true: str | None, one: str, other: str, request: gr.Request
    ) -> AsyncIterator[Update]:
        def make(copied: list[str]) -> CompareTask:
            return CompareTask(source=copied[0], models=(one, other), hr=copied[1] if true else "")

        session = BrowserSession(service, request)
        work = session.one(file, [true] if true else [], make)
        async for told, job in session.once(CompareTask, work):
            yield tab.show(told, job)

    def chosen(file: str | None) -> str:
        return wording.chosen(file, _THEN, _ADVICE)

    def stop(request: gr.Request) -> None:
        BrowserSession(service, request).cancel(CompareTask)

    picture.change(chosen, [picture], [status], queue=False, show_progress="hidden")
    example.click(lambda: (str(EXAMPLE), None), None, [picture, hr], show_progress="hidden")
    start.click(run, [picture, hr, left, right], tab.parts, show_progress="hidden")
    cancel.click(stop, queue=False, show_progress="hidden")


def _facts(found: CompareResult) -> str:
    """How two results differ, in words."""
    rows = [
        ("Left, right", f"{found.models[0]}, {found.models[1]}"),
        ("Difference", f"{found.mean:.2f} of 255 in the mean, {found.largest} at most"),
    ]
    for name, (decibels, likeness) in zip(found.models, found.quality, strict=False):
        rows.append((name, f"{decibels:.2f} dB PSNR, {likeness:.4f} SSIM, on Y"))
    return wording.table(rows)
