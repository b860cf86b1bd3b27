"""The tab Compare: two networks on one picture, a line between them."""

# Annotations are not postponed: Gradio reads the types of these functions.

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from hatsr.apps.web import wording
from hatsr.apps.web.comparing import Compared, CompareTask
from hatsr.apps.web.jobs import WebJob
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.visitor import Visitor


def add_compare_tab(service: Service) -> None:
    """Draw the tab, and say what its parts do."""
    names = [model.name for model in service.ready.models]
    two = [name for name in ("hat-t-x4", "hat-t-real-x4") if name in names]
    two = two if len(two) == 2 else [names[0], names[0]]
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = gr.File(label="Picture: drop, paste or choose", height=140)
            hr = gr.File(label="Its true large picture (HR), if you have it", height=140)
            example = gr.Button("Use the example", size="sm")
            with gr.Row():
                left = gr.Dropdown(names, label="Left", value=two[0], filterable=False)
                right = gr.Dropdown(names, label="Right", value=two[1], filterable=False)
            with gr.Row():
                start = gr.Button("Compare", variant="primary", elem_id="compare")
                cancel = gr.Button("Cancel", variant="stop", elem_id="compare-cancel")
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(
                '<div class="note"><p><strong>Nothing here yet.</strong> Choose a picture and two '
                "models of one factor, and press Compare.</p></div>"
            )
            slider = gr.ImageSlider(
                label="Left and right",
                show_label=False,
                buttons=["fullscreen"],
                interactive=False,
                visible=False,
                type="filepath",
                max_height=560,
                elem_id="compared",
            )
            difference = gr.Image(
                label="Difference, white where it is largest",
                interactive=False,
                visible=False,
                type="filepath",
                buttons=["download", "fullscreen"],
                elem_id="difference",
            )

    async def run(
        file: str | None, true: str | None, one: str, other: str, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        def make(copied: list[str]) -> CompareTask:
            return CompareTask(source=copied[0], models=(one, other), hr=copied[1] if true else "")

        visitor = Visitor(service, request)
        async for told, job in visitor.one(file, [true] if true else [], make):
            update: dict[Any, Any] = {
                status: told,
                slider: gr.update(visible=False),
                difference: gr.update(visible=False),
            }
            if job is not None and job.state == "done":
                a, b, apart = (str(job.folder / f"{name}.png") for name in ("a", "b", "difference"))
                update[status] = told + _facts(job)
                update[slider] = gr.update(value=(a, b), visible=True)
                update[difference] = gr.update(value=apart, visible=True)
            yield update

    def stop(request: gr.Request) -> None:
        Visitor(service, request).cancel()

    example.click(lambda: str(EXAMPLE), None, picture, show_progress="hidden")
    outputs = [status, slider, difference]
    start.click(run, [picture, hr, left, right], outputs, show_progress="hidden")
    cancel.click(stop, queue=False, show_progress="hidden")


def _facts(job: WebJob) -> str:
    """How two results differ, in words."""
    found: Compared = job.result
    rows = [
        ("Left, right", f"{found.models[0]}, {found.models[1]}"),
        ("Difference", f"{found.mean:.2f} of 255 in the mean, {found.largest} at most"),
    ]
    for name, (decibels, likeness) in zip(found.models, found.quality, strict=False):
        rows.append((name, f"{decibels:.2f} dB PSNR, {likeness:.4f} SSIM, on Y"))
    return wording.table(rows)
