"""The tab Explain: click a spot, and see which pixels a network used for it."""

# Annotations are not postponed: Gradio reads the types of these functions.

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from hatsr.apps.web import wording
from hatsr.apps.web.explaining import LR_SIDE, PATCH_SIZE, ExplainTask, What
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.visitor import Visitor

NONE = "None"
"""No second network."""
_ORIGINAL, _SMALL = "The large original (made small first)", "The small picture itself"
_QUICK, _EXACT = "Quick (10 steps)", "Exact (50 steps)"
_ABOUT = (
    f"Click a spot. A patch of {PATCH_SIZE} × {PATCH_SIZE} pixels there is explained by LAM: the "
    f"pixels that the network used for it, of the {LR_SIDE} × {LR_SIDE} small pixels around. The "
    "diffusion index (DI) says how many: more is wider."
)


def add_explain_tab(service: Service) -> None:
    """Draw the tab, and say what its parts do."""
    names = [model.name for model in service.ready.models]
    preferred = "hat-t-x4" if "hat-t-x4" in names else names[0]
    gr.Markdown(_ABOUT)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picture = gr.Image(
                label="Picture: drop, paste or choose, then click the spot",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard"],
                height=320,
                elem_id="explained",
            )
            example = gr.Button("Use the example", size="sm")
            with gr.Row():
                row = gr.Number(0, label="Row of the spot", precision=0, minimum=0, min_width=100)
                column = gr.Number(0, label="Column", precision=0, minimum=0, min_width=100)
            with gr.Row():
                first = gr.Dropdown(names, label="Model", value=preferred, filterable=False)
                second = gr.Dropdown(
                    [NONE, *names], label="And beside it", value=NONE, filterable=False
                )
            kind = gr.Radio([_ORIGINAL, _SMALL], label="This picture is", value=_ORIGINAL)
            steps = gr.Radio([_QUICK, _EXACT], label="How", value=_QUICK)
            with gr.Row():
                start = gr.Button("Explain", variant="primary", elem_id="explain")
                features = gr.Button("Feature maps", elem_id="features")
                cancel = gr.Button("Cancel", variant="stop", elem_id="explain-cancel")
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(
                '<div class="note"><p><strong>Nothing here yet.</strong> Choose a picture, click a '
                "spot in it, and press Explain.</p></div>"
            )
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
    inputs = [picture, row, column, first, second, kind, steps]

    def run_of(what: What) -> Any:
        async def run(
            request: gr.Request, file: str | None, *chosen: Any
        ) -> AsyncIterator[dict[Any, Any]]:
            def make(copied: list[str]) -> ExplainTask:
                return make_task(copied[0], what, *chosen)

            visitor = Visitor(service, request)
            async for told, job in visitor.one(file, [], make):
                update: dict[Any, Any] = {status: told, figure: gr.update(visible=False)}
                if job is not None and job.state == "done":
                    lines = [line.split(": ", 1) for line in job.result.lines]
                    update[status] = told + wording.table([(a, b) for a, b in lines])
                    path = str(job.folder / job.result.figure)
                    update[figure] = gr.update(value=path, visible=True)
                yield update

        return run

    outputs = [status, figure]
    start.click(run_of("lam"), inputs, outputs, show_progress="hidden")
    features.click(run_of("features"), inputs, outputs, show_progress="hidden")

    def stop(request: gr.Request) -> None:
        Visitor(service, request).cancel()

    cancel.click(stop, queue=False, show_progress="hidden")


def make_task(source: str, what: What, *chosen: Any) -> ExplainTask:
    """What the choices on the page mean.

    Args:
        source: file name in the job's folder.
        what: LAM or feature maps.
        chosen: row, column, model, the one beside it, kind of the picture, steps.
    """
    row, column, model, beside, kind, steps = chosen
    return ExplainTask(
        source=source,
        what=what,
        models=(model,) if beside == NONE else (model, beside),
        row=int(row or 0),
        column=int(column or 0),
        is_lr=kind == _SMALL,
        steps=10 if steps == _QUICK else 50,
    )


def _connect_spot(picture: gr.Image, row: gr.Number, column: gr.Number, example: gr.Button) -> None:
    """A click fills in row and column, which the keyboard can do, too."""

    def click(event: gr.SelectData) -> tuple[int, int]:
        x, y = event.index
        return int(y), int(x)

    picture.select(click, None, [row, column], show_progress="hidden")
    example.click(
        lambda: (str(EXAMPLE), 76, 118), None, [picture, row, column], show_progress="hidden"
    )
