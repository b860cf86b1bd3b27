"""The options of the tab Enlarge: what can be chosen, and what it means."""

import gradio as gr

from hatsr.apps.web.service import Service
from hatsr.apps.web.work.upscale_task import UpscaleTask

BY_ITSELF = "Chosen by itself"
_OWN_FACTOR = "The model's own"
_AS_SOURCE = "As the picture"
_FORMATS = {
    _AS_SOURCE: None,
    "PNG": "png",
    "JPEG": "jpg",
    "WebP": "webp",
    "TIFF": "tif",
    "AVIF": "avif",
}
_AS_NEEDED = "As needed"
_DENOISE = {
    _AS_NEEDED: None,
    "Not at all": 0.0,
    "A little": 0.25,
    "Half": 0.5,
    "Much": 0.75,
    "All": 1.0,
}
_NORMAL, _BEST = "Normal", "Best (8 times slower)"


def add_options(service: Service) -> list[gr.components.Component]:
    """Draw model, factor, noise, quality and format; their values are the arguments of a task."""
    names = [model.name for model in service.ready.models]
    with gr.Accordion("Options", open=False):
        with gr.Row():
            model = _choice("Model", [BY_ITSELF, *names], BY_ITSELF)
            factor = gr.Dropdown(
                [_OWN_FACTOR, "2", "3", "4"],
                label="Times larger",
                info="Or any number up to the model's own.",
                value=_OWN_FACTOR,
                allow_custom_value=True,
                min_width=200,
            )
        with gr.Row():
            denoise = _choice("Take away noise and JPEG blocks", list(_DENOISE), _AS_NEEDED)
            kind = _choice("Format", list(_FORMATS), _AS_SOURCE)
        quality = gr.Radio([_NORMAL, _BEST], label="Quality", value=_NORMAL)
    return [model, factor, denoise, quality, kind]


def _choice(label: str, choices: list[str], value: str) -> gr.Dropdown:
    return gr.Dropdown(choices, label=label, value=value, filterable=False, min_width=200)


def make_task(
    source: str, model: str, factor: str, denoise: str, quality: str, kind: str
) -> UpscaleTask:
    """What the choices on the page mean.

    Raises:
        ValueError: the factor is no number.
    """
    try:
        scale = None if factor in ("", None, _OWN_FACTOR) else float(factor)
    except ValueError:
        raise ValueError(f"times larger must be a number such as 2.5, got {factor}") from None
    return UpscaleTask(
        source=source,
        model="" if model == BY_ITSELF else model,
        scale=scale,
        ending=_FORMATS.get(kind),
        denoise=_DENOISE.get(denoise),
        ensemble=quality == _BEST,
        shown=True,
    )
