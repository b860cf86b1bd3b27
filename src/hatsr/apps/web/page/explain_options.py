"""The options of the tab Explain: what can be chosen, and what it means."""

from typing import Any

import gradio as gr

from hatsr.apps.web.service import Service
from hatsr.apps.web.work.explaining import ExplainMethod, ExplainTask

NONE = "None"
"""No second network."""
_ORIGINAL, _SMALL = "The large original (made small first)", "The small picture itself"
_QUICK, _EXACT = "Quick (10 steps)", "Exact (50 steps)"


def add_options(service: Service) -> list[gr.components.Component]:
    """Draw models, kind of the picture, steps; their values are the last arguments of a task."""
    names = [model.name for model in service.ready.models]
    preferred = "hat-t-x4" if "hat-t-x4" in names else names[0]
    with gr.Row():
        first = gr.Dropdown(names, label="Model", value=preferred, filterable=False)
        second = gr.Dropdown([NONE, *names], label="And beside it", value=NONE, filterable=False)
    with gr.Accordion("Options", open=False):
        kind = gr.Radio([_ORIGINAL, _SMALL], label="This picture is", value=_ORIGINAL)
        steps = gr.Radio([_QUICK, _EXACT], label="How", value=_QUICK)
    return [first, second, kind, steps]


def make_task(source: str, what: ExplainMethod, *chosen: Any) -> ExplainTask:
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
