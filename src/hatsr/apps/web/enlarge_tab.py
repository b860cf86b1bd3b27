"""The tab Enlarge: pictures in, larger ones out."""

# Annotations are not postponed: Gradio reads the types of these functions.

import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from hatsr.apps.web import wording
from hatsr.apps.web.enlarging import Enlarged, EnlargeTask
from hatsr.apps.web.jobs import WebJob
from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.visitor import Visitor

BY_ITSELF = "Chosen by itself"
_OWN_FACTOR = "The model's own"
_AS_SOURCE = "As the picture"
_FORMATS = {_AS_SOURCE: None, "PNG": "png", "JPEG": "jpg", "WebP": "webp", "TIFF": "tif"}
_FORMATS["AVIF"] = "avif"
_NORMAL, _BEST = "Normal", "Best (8 times slower)"
Update = dict[Any, Any]
"""New values of components."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnlargeTab:
    """The components of the tab that change."""

    files: gr.File
    start: gr.Button
    example: gr.Button
    cancel: gr.Button
    status: gr.HTML
    slider: gr.ImageSlider
    facts: gr.HTML
    download: gr.DownloadButton
    archive: gr.DownloadButton
    shown: gr.Radio

    def idle(self) -> Update:
        """Ready for the next start."""
        return {
            self.start: gr.update(interactive=True),
            self.example: gr.update(interactive=True),
            self.cancel: gr.update(interactive=False),
        }

    def busy(self) -> Update:
        """At work."""
        return {
            self.start: gr.update(interactive=False),
            self.example: gr.update(interactive=False),
            self.cancel: gr.update(interactive=True),
            self.archive: gr.update(visible=False),
        }

    def show(self, job: WebJob | None) -> Update:
        """One result."""
        there = job is not None and isinstance(job.result, Enlarged)
        update: Update = {
            self.slider: gr.update(value=None, visible=there),
            self.facts: gr.update(value="", visible=there),
            self.download: gr.update(visible=there),
        }
        if job is not None and there:
            done: Enlarged = job.result
            pair = (str(job.folder / done.before), str(job.folder / done.after))
            update[self.slider] = gr.update(value=pair, visible=True)
            update[self.facts] = gr.update(value=wording.facts(job.title, done), visible=True)
            file = job.folder / done.file
            label = f"Download {file.name}"
            update[self.download] = gr.update(value=str(file), label=label, visible=True)
        return update

    def list(self, jobs: list[WebJob], chosen: WebJob | None) -> Update:
        """The results of this browser."""
        choices = [(f"{job.title} → {Path(job.result.file).name}", job.name) for job in jobs]
        value = chosen.name if chosen else None
        return {self.shown: gr.update(choices=choices, value=value, visible=bool(choices))}


def add_enlarge_tab(page: gr.Blocks, service: Service) -> None:
    """Draw the tab, and say what its parts do."""
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            files = gr.File(
                label="Pictures: drop, paste or choose, one or many",
                file_count="multiple",
                elem_id="pictures",
                height=180,
            )
            example = gr.Button("Try the example", size="sm")
            options = _options(service)
            with gr.Row():
                start = gr.Button("Enlarge", variant="primary", elem_id="start")
                cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="cancel")
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(wording.EMPTY, elem_id="status")
            slider = gr.ImageSlider(
                label="Before and after",
                show_label=False,
                buttons=["fullscreen"],
                interactive=False,
                visible=False,
                type="filepath",
                max_height=560,
                elem_id="slider",
            )
            facts = gr.HTML(visible=False, elem_id="facts")
            download = gr.DownloadButton("Download", visible=False, elem_id="download")
            archive = gr.DownloadButton("Download all as ZIP", visible=False, elem_id="archive")
            shown = gr.Radio([], label="Results, kept until the server stops", visible=False)
    tab = EnlargeTab(
        files=files,
        start=start,
        example=example,
        cancel=cancel,
        status=status,
        slider=slider,
        facts=facts,
        download=download,
        archive=archive,
        shown=shown,
    )
    _connect(page, service, tab, options)


def _options(service: Service) -> list[gr.components.Component]:
    """Model, factor, quality, format."""
    names = [model.name for model in service.ready.models]
    with gr.Row():
        model = gr.Dropdown(
            [BY_ITSELF, *names], label="Model", value=BY_ITSELF, filterable=False, min_width=200
        )
        factor = gr.Dropdown(
            [_OWN_FACTOR, "2", "3", "4"],
            label="Times larger",
            value=_OWN_FACTOR,
            allow_custom_value=True,
            min_width=200,
        )
    with gr.Row():
        quality = gr.Radio([_NORMAL, _BEST], label="Quality", value=_NORMAL, min_width=200)
        kind = gr.Dropdown(
            list(_FORMATS), label="Format", value=_AS_SOURCE, filterable=False, min_width=200
        )
    return [model, factor, quality, kind]


def make_task(source: str, model: str, factor: str, quality: str, kind: str) -> EnlargeTask:
    """What the choices on the page mean.

    Raises:
        ValueError: the factor is no number.
    """
    try:
        scale = None if factor in ("", None, _OWN_FACTOR) else float(factor)
    except ValueError:
        raise ValueError(f"times larger must be a number such as 2.5, got {factor}") from None
    return EnlargeTask(
        source=source,
        model="" if model == BY_ITSELF else model,
        scale=scale,
        ending=_FORMATS.get(kind),
        ensemble=quality == _BEST,
        shown=True,
    )


def _connect(
    page: gr.Blocks, service: Service, tab: EnlargeTab, options: list[gr.components.Component]
) -> None:
    """Say what happens on each click; Gradio finds the request by its type."""

    async def enlarge(
        request: gr.Request, files: list[str] | None, *chosen: str
    ) -> AsyncIterator[Update]:
        async for update in run(tab, Visitor(service, request), files, chosen):
            yield update

    async def example(request: gr.Request, *chosen: str) -> AsyncIterator[Update]:
        async for update in run(tab, Visitor(service, request), [str(EXAMPLE)], chosen):
            yield update

    def cancel(request: gr.Request) -> None:
        Visitor(service, request).cancel()

    def choose(request: gr.Request, name: str) -> Update:
        return tab.show(Visitor(service, request).result(name))

    def load(request: gr.Request) -> Update:
        return tab.list(Visitor(service, request).results(Enlarged), None)

    parts = [getattr(tab, name) for name in EnlargeTab.__slots__]
    tab.start.click(enlarge, [tab.files, *options], parts, show_progress="hidden")
    tab.example.click(example, options, parts, show_progress="hidden")
    tab.cancel.click(cancel, queue=False, show_progress="hidden")
    tab.shown.input(choose, [tab.shown], parts, show_progress="hidden")
    page.load(load, outputs=parts, show_progress="hidden")


async def run(
    tab: EnlargeTab, visitor: Visitor, files: list[str] | None, chosen: tuple[str, ...]
) -> AsyncIterator[Update]:
    """Submit a job for each picture, tell how they go, show what they give."""
    jobs: list[WebJob] = []
    refused = "" if files else wording.problem("Choose a picture first, or try the example.")
    try:
        for file in files or ():
            jobs.append(await visitor.submit([file], lambda names: make_task(names[0], *chosen)))
    except (ValueError, BusyError, OSError) as error:
        refused = wording.problem(str(error))
    if not jobs:
        yield {tab.status: refused}
        return
    yield tab.busy() | tab.show(None)
    async for _ in visitor.watch(jobs):
        yield {tab.status: refused + wording.status(visitor.service.jobs, jobs)}
    done = [job for job in jobs if job.state == "done"]
    last = done[-1] if done else None
    update = tab.idle() | tab.show(last) | tab.list(visitor.results(Enlarged), last)
    if len(done) > 1:
        archive = await asyncio.to_thread(zip_results, done)
        update[tab.archive] = gr.update(value=str(archive), visible=True)
    yield update


def zip_results(jobs: list[WebJob]) -> Path:
    """The files of several jobs in one, which lies in the folder of the last."""
    path, taken = jobs[-1].folder / "enlarged.zip", set[str]()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # pictures are packed already
        for job in jobs:
            file = job.folder / job.result.file
            name, number = file.name, 2
            while name in taken:
                name, number = f"{file.stem}-{number}{file.suffix}", number + 1
            taken.add(name)
            archive.write(file, name)
    return path
