"""The tab Enlarge: pictures in, larger ones out."""

# Annotations are not postponed: Gradio reads the types of these functions.

from collections.abc import AsyncIterator
from dataclasses import dataclass

import gradio as gr

from hatsr.apps.web.page import enlarge_options, wording
from hatsr.apps.web.page.before_after import make_slider
from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.controls import Controls, Update
from hatsr.apps.web.page.enlarge_run import follow, submit, zip_results
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import EXAMPLE, Service
from hatsr.apps.web.work.upscale_task import UpscaleTask, UpscaleTaskResult

_ADVICE = "Choose a picture and press Enlarge, or try the example."
_THEN = "Now press Enlarge."


@dataclass(frozen=True, kw_only=True, slots=True)
class EnlargeTab:
    """The components of the tab that change."""

    files: gr.File
    controls: Controls
    status: gr.HTML
    slider: gr.ImageSlider
    facts: gr.HTML
    download: gr.DownloadButton
    archive: gr.DownloadButton
    shown: gr.Radio

    @property
    def parts(self) -> list[gr.components.Component]:
        """All components of the tab."""
        rest = [self.files, self.status, self.slider, self.facts]
        return [*rest, self.download, self.archive, self.shown, *self.controls.parts]

    def show(self, job: WebJob | None) -> Update:
        """One result; None: none."""
        if job is None or not isinstance(job.result, UpscaleTaskResult):
            hidden = (self.slider, self.facts, self.download, self.archive)
            return {part: gr.update(visible=False) for part in hidden}
        done = job.result
        file = job.folder / done.file
        pair = (str(job.folder / done.before), str(job.folder / done.after))
        facts = wording.HINT + wording.facts(job.title, done)
        label = f"Download {file.name}"
        return {
            self.slider: gr.update(value=pair, visible=True),
            self.facts: gr.update(value=facts, visible=True),
            self.download: gr.update(value=str(file), label=label, visible=True),
        }

    def list(self, jobs: list[WebJob], chosen: WebJob | None) -> Update:
        """The results of this browser."""
        choices = [(wording.listed(job), job.name) for job in jobs]
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
            with gr.Row():
                start = gr.Button("Enlarge", variant="primary", elem_id="start", min_width=140)
                example = gr.Button("Try the example", elem_id="example", min_width=140)
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="cancel")
            options = enlarge_options.add_options(service)
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(wording.empty(_ADVICE), elem_id="status")
            slider = make_slider("Before and after", "slider")
            facts = gr.HTML(visible=False, elem_id="facts")
            download = gr.DownloadButton(
                "Download", variant="primary", visible=False, elem_id="download"
            )
            archive = gr.DownloadButton("Download all as ZIP", visible=False, elem_id="archive")
            shown = gr.Radio(
                [], label="Results, kept until the server stops", visible=False, elem_id="results"
            )
    tab = EnlargeTab(
        files=files,
        controls=Controls((start, example), cancel),
        status=status,
        slider=slider,
        facts=facts,
        download=download,
        archive=archive,
        shown=shown,
    )
    _connect(service, tab, options)

    def load(request: gr.Request) -> Update:
        return tab.list(BrowserSession(service, request).results(UpscaleTaskResult), None)

    page.load(load, outputs=tab.parts, show_progress="hidden")


def _connect(service: Service, tab: EnlargeTab, options: list[gr.components.Component]) -> None:
    """Say what happens on each click; Gradio finds the request by its type."""

    async def enlarge(
        request: gr.Request, files: list[str] | None, *chosen: str
    ) -> AsyncIterator[Update]:
        session = BrowserSession(service, request)
        async for update in session.once(UpscaleTask, run(tab, session, files or [], chosen)):
            yield update

    async def example(request: gr.Request, *chosen: str) -> AsyncIterator[Update]:
        session = BrowserSession(service, request)
        async for update in session.once(UpscaleTask, run(tab, session, [str(EXAMPLE)], chosen)):
            yield update

    def cancel(request: gr.Request) -> None:
        BrowserSession(service, request).cancel(UpscaleTask)

    def choose(name: str, request: gr.Request) -> Update:
        return tab.show(BrowserSession(service, request).result(name))

    def told(files: list[str] | None) -> str:
        return wording.chosen(files, _THEN, _ADVICE)

    start, try_example = tab.controls.starts
    start.click(enlarge, [tab.files, *options], tab.parts, show_progress="hidden")
    try_example.click(example, options, tab.parts, show_progress="hidden")
    tab.controls.cancel.click(cancel, queue=False, show_progress="hidden")
    tab.files.change(told, [tab.files], [tab.status], queue=False, show_progress="hidden")
    tab.shown.input(choose, [tab.shown], tab.parts, show_progress="hidden")


async def run(
    tab: EnlargeTab, session: BrowserSession, files: list[str], chosen: tuple[str, ...]
) -> AsyncIterator[Update]:
    """Have pictures enlarged, tell how they go, show what they give."""
    jobs, refused = await submit(session, files, chosen)
    if not jobs:
        yield {tab.status: refused}
        return
    yield tab.controls.update(busy=True) | tab.show(None)
    async for told in follow(session, jobs):
        yield {tab.status: refused + told}
    done = [job for job in jobs if job.state == "done"]
    last = done[-1] if done else None
    update = tab.controls.update(busy=False) | tab.show(last)
    update |= tab.list(session.results(UpscaleTaskResult), last)
    if len(done) > 1:
        archive = await zip_results(done)
        update[tab.archive] = gr.update(value=str(archive), visible=True)
    yield update
